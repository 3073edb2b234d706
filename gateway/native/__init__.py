"""The exchange's own dialect of HTTP and WebSocket."""
