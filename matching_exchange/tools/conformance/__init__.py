"""Checks the engine against flash1-dev/matching-engine-benchmark, where a user has a copy of it."""
