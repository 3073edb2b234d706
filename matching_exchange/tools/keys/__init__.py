"""Makes keys: `create` an API key of a running exchange, `curve` those of the matcher's sockets."""
