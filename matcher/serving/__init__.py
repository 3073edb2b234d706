"""The loop and its sockets: what comes in, what goes out, and when."""
