"""Makes keys: `curve` those of the matcher's sockets."""
