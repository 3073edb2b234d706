"""Makes keys: `create` an API key of a running exchange."""
