"""What is done to people and their addresses, one module per concern."""
