"""What ends an export early. Each message is one line."""


class ExportError(Exception):
    """The export cannot be made: a source, a file or a disk does not do its part."""


class UsageError(Exception):
    """The user asked for what cannot be had. The message names the flag and what it takes."""
