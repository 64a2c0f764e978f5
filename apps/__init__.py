"""What the business is: one room per subject."""
