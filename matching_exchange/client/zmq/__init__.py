"""The client over the matcher's ZeroMQ sockets: `from matching_exchange import ZmqClient, AsyncZmqClient`."""
