"""The calls, a family a module: its functions, and their rows of the table."""
