"""What is done with the assistant, one module per concern."""
