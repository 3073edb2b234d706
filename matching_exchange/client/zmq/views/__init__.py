"""What the matcher tells, in the public types: integers of an instrument become Decimals. Pure functions."""
