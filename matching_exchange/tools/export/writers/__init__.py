"""The formats. Each module writes rows of some kinds into one file or two."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from matching_exchange.tools.export.kinds import DecimalsOf, Kind, Row
from matching_exchange.tools.export.output import Output


class Writer(Protocol):
    def write(self, rows: Sequence[Row]) -> None:
        """Append rows. OSError if the disk does not take them. UsageError if the format cannot hold them."""

    def finish(self) -> None:
        """Complete the files."""

    @property
    def count(self) -> int:
        """The rows so far, as this format counts them."""


class Order(NamedTuple):
    """What a writer is to write.

    symbol: that of all rows; None if there may be several.
    integers: whether prices and quantities stay the instrument's integers.
    latency: nanoseconds from the exchange to the reader of hftbacktest's events.
    levels: price levels a side of LOBSTER's order book.
    """

    kind: Kind
    symbol: str | None
    decimals: DecimalsOf
    integers: bool
    latency: int
    levels: int


class Format(NamedTuple):
    """A format: the endings of its files, the kinds that it takes, and what has to be installed."""

    name: str
    text: str
    suffix: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...] = ()


TABLES: Final = ("trades", "candles", "fills", "orders", "level-2", "level-3")

FORMATS: Final = {
    format_.name: format_
    for format_ in (
        Format("parquet", "Parquet", ".parquet", TABLES, ("numpy", "pyarrow")),
        Format("csv", "comma-separated values with a header", ".csv", TABLES),
        Format("arrow", "Arrow's IPC file", ".arrow", TABLES, ("numpy", "pyarrow")),
        Format("hftbacktest", "the events of hftbacktest", ".npz", ("level-2", "level-3"), ("numpy",)),
        Format("lobster", "LOBSTER's message and orderbook files", ".csv", ("level-3",)),
    )
}

MESSAGE: Final = "message"
ORDER_BOOK: Final = "orderbook"


def paths_of(name: str, path: Path) -> list[Path]:
    """The files of an export in this format. `path` is the one that the user names."""
    if name != "lobster":
        return [path]
    return [path, path.with_name(path.name.replace(MESSAGE, ORDER_BOOK))]


def make_writer(name: str, order: Order, outputs: Sequence[Output]) -> Writer:
    """The writer of this format, with the package that it needs."""
    match name:
        case "csv":
            from matching_exchange.tools.export.writers.csv_file import CsvWriter  # noqa: PLC0415

            return CsvWriter(order, outputs[0].file)
        case "parquet" | "arrow":
            from matching_exchange.tools.export.writers.arrow_file import ArrowWriter  # noqa: PLC0415

            return ArrowWriter(name, order, outputs[0].file)
        case "hftbacktest":
            from matching_exchange.tools.export.writers.hftbacktest import HftbacktestWriter  # noqa: PLC0415

            return HftbacktestWriter(order, outputs[0])
        case _:
            from matching_exchange.tools.export.writers.lobster import LobsterWriter  # noqa: PLC0415

            return LobsterWriter(order, outputs[0].file, outputs[1].file)
