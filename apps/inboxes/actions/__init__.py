"""What is done to accounts, inboxes, what their providers say of them, and the journal."""
