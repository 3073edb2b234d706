"""What a tool found, for people and for machines: plain tables, and JSON."""

from collections.abc import Sequence

import msgspec
from rich.box import SIMPLE_HEAD
from rich.table import Table


def plain_table(title: str, texts: Sequence[str], numbers: Sequence[str]) -> Table:
    """A table without rows: columns of text, then columns of numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name in texts:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def to_json(found: msgspec.Struct) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
