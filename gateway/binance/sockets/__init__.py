"""One WebSocket of the dialect: what waits for it, and how it is served."""
