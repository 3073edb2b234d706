"""The public JSON: how values are read and written."""
