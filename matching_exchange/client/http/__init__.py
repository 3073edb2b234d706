"""The clients over HTTP and WebSocket."""
