"""What scripts may ask of accounts, inboxes and the journal."""
