"""The live chat page: views and the WebSocket that feeds it."""
