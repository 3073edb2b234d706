"""The WebSocket streams: channels of market data and accounts, and their clients."""
