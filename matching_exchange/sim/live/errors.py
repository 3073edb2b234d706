"""What ends a live run."""


class LiveError(Exception):
    """The run cannot begin, or cannot go on. The message says why."""
