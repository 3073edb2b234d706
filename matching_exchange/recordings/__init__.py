"""Readers of recorded markets. They know no exchange."""
