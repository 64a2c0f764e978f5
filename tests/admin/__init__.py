"""The admin as a browser sees it."""
