"""What the chat page's templates need to say things: icons, times, addresses, delivery words."""
