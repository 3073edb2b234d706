"""The calls of the native dialect: read, carry out, answer."""
