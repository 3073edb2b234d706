"""The calls of the table over one WebSocket."""
