"""The two languages of the interface."""
