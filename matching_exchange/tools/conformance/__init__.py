"""Check the engine against a copy of flash1-dev/matching-engine-benchmark."""
