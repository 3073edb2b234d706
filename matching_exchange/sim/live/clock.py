"""The time of this machine."""

from time import time_ns

now = time_ns
"""Nanoseconds since 1970."""
