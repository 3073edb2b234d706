"""The kinds of exports: their columns, and the units of these.

A row is a tuple of raw values, one a column: the instrument's integers, nanoseconds since 1970, words, or None.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from matching_exchange.columns.units import Column, Decimals, columns_of

Row = tuple[Any, ...]

BATCH: Final = 65_536
"""Rows of a batch at most, bounds the memory."""


DecimalsOf = Mapping[str, Decimals]
"""By symbol. It may grow while rows are read, and knows the symbols of all rows that were."""


class Kind(NamedTuple):
    """A kind of rows.

    text: says in a few words what a row is.
    by_account, by_sequence: whether a range may name an account, and sequences.
    one_symbol: whether a range must name a symbol.
    journal_only: whether only a journal knows them.
    """

    name: str
    text: str
    columns: tuple[Column, ...]
    by_account: bool = False
    by_sequence: bool = True
    one_symbol: bool = False
    journal_only: bool = False

    def place(self, name: str) -> int:
        """Where the column of that name stands in a row."""
        return [column.name for column in self.columns].index(name)


TRADES: Final = Kind(
    "trades",
    "trades",
    columns_of(
        "symbol trade_id:count timestamp:time sequence:count price:price quantity:quantity value:value aggressor_side "
        "maker_order_id:count taker_order_id:count maker_account taker_account maker_fee:fee taker_fee:fee"
    ),
)

CANDLES: Final = Kind(
    "candles",
    "candles of an --interval",
    columns_of(
        "symbol interval open_time:time open:price high:price low:price close:price volume:quantity quote_volume:value "
        "trades:count taker_buy_volume:quantity taker_buy_quote_volume:value first_trade_id:count last_trade_id:count "
        "complete:flag"
    ),
    by_sequence=False,
    one_symbol=True,
)

FILLS: Final = Kind(
    "fills",
    "each side of each trade",
    columns_of(
        "account symbol timestamp:time sequence:count trade_id:count order_id:count side price:price quantity:quantity "
        "value:value fee:fee liquidity"
    ),
    by_account=True,
)

ORDERS: Final = Kind(
    "orders",
    "orders that are done, as they ended",
    columns_of(
        "order_id:count account symbol client_order_id side order_type price:price trigger_price:price status reason "
        "quantity:quantity filled_quantity:quantity filled_value:value placed:time placed_sequence:count ended:time "
        "sequence:count"
    ),
    by_account=True,
)

LEVEL_2: Final = Kind(
    "level-2",
    "changes of price levels, and trades",
    columns_of("symbol timestamp:time sequence:count event side price:price quantity:quantity trade_id:count"),
    one_symbol=True,
    journal_only=True,
)

LEVEL_3: Final = Kind(
    "level-3",
    "changes of the book order by order",
    columns_of(
        "symbol timestamp:time sequence:count event order_id:count side price:price quantity:quantity "
        "remaining:quantity trade_id:count loses_priority:flag"
    ),
    one_symbol=True,
    journal_only=True,
)

KINDS: Final = {kind.name: kind for kind in (TRADES, CANDLES, FILLS, ORDERS, LEVEL_2, LEVEL_3)}
