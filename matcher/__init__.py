"""The single writer: owns all books, applies commands, publishes answers and market data."""

from typing import Final

from matcher.compiled import choose

CORE: Final = choose()
"""The core that this process runs."""
