"""What is done to conversations and messages, one module per line of verbs."""
