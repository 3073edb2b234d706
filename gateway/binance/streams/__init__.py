"""Market data as it happens, by the names of streams."""
