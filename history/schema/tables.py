"""The tables. Prices and quantities are the instrument's integers, times nanoseconds since 1970 UTC.

Every row has the `sequence` of the command that caused it: a rewind removes what is above a sequence. The numbers of
sides, types, statuses and reasons are those of `protocol.units`.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

SCHEMA_VERSION: Final = 1

POSTGRES_SCHEMA: Final = "history"
"""All tables stand in it, in PostgreSQL."""

CANDLES_1S: Final = "candles_1s"
CANDLES_BELOW_1D: Final = "candles_below_1d"

COVERED: Final = (
    "instruments",
    "trades",
    "fills",
    "orders",
    "movements",
    "candles",
    CANDLES_BELOW_1D,
    CANDLES_1S,
)
"""What `coverage` tells of. The row `candles` is for those of a day and longer, which are kept for ever."""


class Wide(TypeDecorator[int]):
    """A whole number that 63 bits may be too few for: numeric where the database has it, else its digits as text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric(60, 0) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


metadata: Final = MetaData()

_CLUSTERED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}
"""SQLite keeps the rows of such a table in the order of its key."""

versions: Final = Table(
    "versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
"""One row: the version of these tables."""

position: Final = Table(
    "position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("journal", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("crc", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""One row, with id 1: the tables hold what the journal tells up to this sequence. `crc` is that of its record, `time`
its stamp. It is written in the transaction of the rows."""

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("crc", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""Positions of before: the newest, and ever fewer of the older ones."""

coverage: Final = Table(
    "coverage",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("first_sequence", BigInteger, nullable=False),
    Column("first_time", BigInteger, nullable=False),
)
"""By name of `COVERED`: the first sequence from which it is complete, and the time of that. A sequence of 1 is the
beginning."""

instruments: Final = Table(
    "instruments",
    metadata,
    Column("symbol", String(32), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("base", String(16), nullable=False),
    Column("quote", String(16), nullable=False),
    Column("price_decimals", SmallInteger, nullable=False),
    Column("quantity_decimals", SmallInteger, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("instrument", LargeBinary, nullable=False),
)
"""One row for each change. `instrument` is the whole one, in MessagePack. The decimals of a symbol never change."""

trades: Final = Table(
    "trades",
    metadata,
    Column("symbol", String(32), primary_key=True),
    Column("trade_id", BigInteger, primary_key=True, autoincrement=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("aggressor_side", SmallInteger, nullable=False),
    Column("maker_order_id", BigInteger, nullable=False),
    Column("taker_order_id", BigInteger, nullable=False),
    Column("maker_account", String(64), nullable=False),
    Column("taker_account", String(64), nullable=False),
    Column("maker_fee_bps", Integer, nullable=False),
    Column("taker_fee_bps", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Index("trades_by_time", "symbol", "timestamp"),
    **_CLUSTERED,
)
"""Within a symbol, trade_id, sequence and timestamp ascend together. trade_ids have no gaps, but where a book
was loaded that had come further."""

fills: Final = Table(
    "fills",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("trade_id", BigInteger, primary_key=True, autoincrement=False),
    Column("maker", Boolean, primary_key=True),
    Column("symbol", String(32), nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Index("fills_by_symbol", "account", "symbol", "sequence", "trade_id"),
    **_CLUSTERED,
)
"""One row for each side of a trade. The rest stands in `trades`, by symbol and trade_id."""

orders: Final = Table(
    "orders",
    metadata,
    # As the rowid of SQLite: orders are appended to the table, whichever order_ids they have.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("book_number", BigInteger, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("account", String(64), nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("client_order_id", String(64)),
    Column("side", SmallInteger, nullable=False),
    Column("order_type", SmallInteger, nullable=False),
    Column("price", BigInteger),
    Column("trigger_price", BigInteger),
    Column("status", SmallInteger, nullable=False),
    Column("reason", SmallInteger),
    Column("quantity", BigInteger, nullable=False),
    Column("filled_quantity", BigInteger, nullable=False),
    Column("filled_value", Wide, nullable=False),
    Column("placed_sequence", BigInteger, nullable=False),
    Column("placed", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("more", LargeBinary),
    Index("orders_by_id", "order_id", unique=True),
    Index("orders_by_book", "symbol", "book_number"),
    Index("orders_by_account", "account", "number"),
)
"""Orders as they ended. `number` counts all ends, `book_number` those of the symbol, as the matcher numbers them.
`sequence` and `ended` are the stamp of the end: within the table they ascend with `number`. `more` is what only some
orders have (`order_rows`), else null."""

candles: Final = Table(
    "candles",
    metadata,
    Column("symbol", String(32), primary_key=True),
    Column("interval", String(4), primary_key=True),
    Column("open_time", BigInteger, primary_key=True, autoincrement=False),
    Column("open", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Column("low", BigInteger, nullable=False),
    Column("close", BigInteger, nullable=False),
    Column("volume", Wide, nullable=False),
    Column("quote_volume", Wide, nullable=False),
    Column("trades", BigInteger, nullable=False),
    Column("taker_buy_volume", Wide, nullable=False),
    Column("taker_buy_quote_volume", Wide, nullable=False),
    Column("first_trade_id", BigInteger, nullable=False),
    Column("last_trade_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    **_CLUSTERED,
)
"""All intervals of `candles.intervals`; those of one second for the last day. A period without a trade has no row.
`sequence` is that of its last trade."""

movements: Final = Table(
    "movements",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("asset", String(16), nullable=False),
    Column("amount", Text, nullable=False),
    Column("balance", Text, nullable=False),
    Column("transfer_id", String(64)),
    Column("counterparty", String(64)),
    Column("symbol", String(32)),
    Column("trade_id", BigInteger),
    Column("order_id", BigInteger),
    Index("movements_by_asset", "account", "asset", "sequence", "place"),
    **_CLUSTERED,
)
"""Every change of an account's balance, for ever. `place` counts those of the command and account. `amount` has a sign;
`balance` is what the account had of the asset after it, free and locked. Both are decimals."""
