"""Agents of a synthetic market."""
