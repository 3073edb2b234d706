"""What scripts/export has written of this exchange: level-3 (orders) or level-2 (levels), as Parquet or CSV."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.mapping import Action, Mapping, Row, csv_rows, mapped_source, texts_of
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.recordings.source import Source

MICROSECOND: Final = 1_000
SECOND: Final = 10**9

COMMON: Final[dict[str, Any]] = {
    "time": "timestamp",
    "time_unit": "ns",
    "event": "event",
    "side": "side",
    "price": "price",
    "quantity": "quantity",
}

LEVEL_3: Final = Mapping(
    name="export level-3",
    order="order_id",
    loses_place="loses_priority",
    words={
        "snapshot": Action.ADD,
        "add": Action.ADD,
        "modify": Action.CHANGE,
        "delete": Action.DELETE,
        "execute": Action.EXECUTE,
        "clear": Action.CLEAR,
    },
    **COMMON,
)

LEVEL_2: Final = Mapping(
    name="export level-2",
    words={
        "snapshot": Action.SNAPSHOT,
        "update": Action.LEVEL,
        "trade": Action.TRADE,
        "clear": Action.CLEAR,
    },
    **COMMON,
)

PARQUET: Final = b"PAR1"
NEEDED: Final = ("symbol", "timestamp", "event", "side", "price", "quantity")


def read_export(path: Path | str) -> Source:
    """An export of level-3 or level-2 of one symbol. Parquet needs the extra `lab`. Raises RecordingError."""
    file = Path(path)
    try:
        with file.open("rb") as opened:
            is_parquet = opened.read(len(PARQUET)) == PARQUET
    except OSError as error:
        raise RecordingError(file, error.strerror or str(error)) from error
    if is_parquet:
        columns, rows = _columns_of_parquet(file), partial(_parquet_rows, file)
    else:
        columns, rows = RecordingFile(file).first_line().split(","), partial(_csv_rows, file)
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise RecordingError(
            file, f"no column {missing[0]}: takes an export of the kind level-3 or level-2; trades alone make no book"
        )
    mapping = LEVEL_3 if "order_id" in columns else LEVEL_2
    first = next(rows(), None)
    if first is None:
        raise RecordingError(file, "holds no rows")
    symbol = first[1]["symbol"] or ""
    if "price_decimals" in columns:
        mapping = _in_units(mapping, first[1])
    return mapped_source(file, mapping, symbol, rows)


def _in_units(mapping: Mapping, values: Any) -> Mapping:
    """That of an export with --integers."""
    fields = {name: getattr(mapping, name) for name in mapping.__struct_fields__}
    fields["price_in_units"] = int(values["price_decimals"])
    fields["quantity_in_units"] = int(values["quantity_decimals"])
    return Mapping(**fields)


def _csv_rows(path: Path) -> Iterator[Row]:
    symbol: str | None = None
    for number, values in csv_rows(path, LEVEL_2):
        symbol = symbol or values["symbol"]
        if values["symbol"] != symbol:
            raise RecordingError(path, f"symbol {values['symbol']}: takes rows of one symbol, here {symbol}", number)
        try:
            time = _nanoseconds(values["timestamp"] or "")
        except ValueError as error:
            raise RecordingError(path, f"timestamp: {error}", number) from error
        yield number, {**values, "timestamp": str(time)}


def _nanoseconds(text: str) -> int:
    """A time as exports write it: 2026-01-02T03:04:05.123456789Z. Its decimals are exact."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    if not text.endswith("Z") or (fraction and not fraction.isdigit()) or len(fraction) > 9:
        raise ValueError("takes a time such as 2026-01-02T03:04:05.123456789Z")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND + int(fraction.ljust(9, "0"))


def _opened(path: Path) -> Any:
    try:
        import pyarrow.parquet  # noqa: PLC0415  an extra
    except ImportError as error:
        raise RecordingError(path, "reading Parquet needs the extra: pip install 'matching-exchange[lab]'") from error
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise RecordingError(path, f"no readable Parquet: {error}") from error


def _columns_of_parquet(path: Path) -> list[str]:
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow  # noqa: PLC0415  an extra

    number = 0
    with _opened(path) as file:
        for batch in file.iter_batches():
            place = batch.schema.names.index("timestamp")
            plain = batch.set_column(place, "timestamp", batch.column(place).cast(pyarrow.int64()))
            for row in plain.to_pylist():
                number += 1
                yield number, texts_of(row)
