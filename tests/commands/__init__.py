"""The commands for scripts, as a script calls them."""
