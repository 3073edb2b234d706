"""Matchers that fail in one way, started instead of `python -m matcher`: `python -m tests.torture.doubles.<name>`."""
