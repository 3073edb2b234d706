"""The tables of a result: columns of raw values with their units. Frames and files are made of them.

Their words and units are those of the exports (docs/history.md). What is not there is None.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from matching_exchange.columns.units import Column, columns_of
from matching_exchange.sim.kernel.values import OrderState
from matching_exchange.sim.result.book_keeping import Account, Rows
from matching_exchange.sim.result.columns import Columns
from matching_exchange.sim.result.curve import Drawdown
from protocol.units import OrderType, Side

SIDES: Final = {side: side.name.lower() for side in Side}
TYPES: Final = {type_: type_.name.lower() for type_ in OrderType}
STATES: Final = {state: state.name.lower() for state in OrderState}
LIQUIDITY: Final = ("taker", "maker")
"""The words of numbers."""

QUOTES: Final = columns_of(
    "symbol timestamp:time bid:price ask:price last:price bid_quantity:quantity ask_quantity:quantity"
)
TRADES: Final = columns_of(
    "symbol trade_id:count timestamp:time price:price quantity:quantity value:value aggressor_side"
)
ORDERS: Final = columns_of(
    "agent number:count symbol side order_type price:price quantity:quantity status filled_quantity:quantity "
    "filled_value:value sent:time arrived:time rested:time first_fill:time done:time "
    "arrival_bid:price arrival_ask:price resting_ahead:quantity"
)
FILLS: Final = columns_of(
    "agent number:count symbol timestamp:time trade_id:count side price:price quantity:quantity value:value fee:fee "
    "fee_bps:count liquidity"
)
EQUITY: Final = columns_of("agent symbol timestamp:time position:quantity pnl:fee drawdown:fee")


class Table(NamedTuple):
    """columns and their values, in the same order. symbols: the instrument of each row, by its place."""

    name: str
    columns: tuple[Column, ...]
    values: tuple[Sequence[Any], ...]
    symbols: Sequence[int]


def quotes_table(rows: Rows) -> Table:
    quotes = rows.record.quotes
    values = (
        _symbols(rows.record, quotes.symbol),
        quotes.time,
        _known(quotes.bid),
        _known(quotes.ask),
        _known(quotes.last),
        quotes.bid_quantity,
        quotes.ask_quantity,
    )
    return Table("quotes", QUOTES, values, quotes.symbol)


def trades_table(rows: Rows) -> Table:
    trades = rows.record.trades
    values = (
        _symbols(rows.record, trades.symbol),
        trades.trade_id,
        trades.time,
        trades.price,
        trades.quantity,
        _products(trades.price, trades.quantity),
        [SIDES[Side(side)] for side in trades.side],
    )
    return Table("trades", TRADES, values, trades.symbol)


def orders_table(rows: Rows) -> Table:
    orders = rows.record.orders
    values = (
        [rows.record.agents[agent] for agent in orders.agent],
        orders.number,
        _symbols(rows.record, orders.symbol),
        [SIDES[Side(side)] for side in orders.side],
        [TYPES[OrderType(type_)] for type_ in orders.type],
        _known(orders.price),
        orders.quantity,
        [_state(status, arrived) for status, arrived in zip(orders.status, orders.arrived_at, strict=True)],
        orders.filled,
        orders.filled_value,
        orders.sent_at,
        _known(orders.arrived_at),
        _known(orders.rested_at),
        _known(orders.first_fill_at),
        _known(orders.done_at),
        _known(orders.arrival_bid),
        _known(orders.arrival_ask),
        orders.resting_ahead,
    )
    return Table("orders", ORDERS, values, orders.symbol)


def _state(status: int, arrived: int) -> str:
    """The word. An order without a status that has arrived was refused."""
    return STATES[OrderState.REFUSED if arrived and not status else OrderState(status)]


def fills_table(rows: Rows) -> Table:
    fills = rows.record.fills
    products = _products(fills.price, fills.quantity)
    values = (
        [rows.record.agents[agent] for agent in fills.agent],
        fills.order,
        _symbols(rows.record, fills.symbol),
        fills.time,
        fills.trade_id,
        [SIDES[Side(side)] for side in fills.side],
        fills.price,
        fills.quantity,
        products,
        [product * bps for product, bps in zip(products, fills.fee_bps, strict=True)],
        fills.fee_bps,
        [LIQUIDITY[is_maker] for is_maker in fills.is_maker],
    )
    return Table("fills", FILLS, values, fills.symbol)


def equity_table(rows: Rows, pairs: Iterable[tuple[int, int]], interval: int) -> Table:
    """A row for the start, each whole interval and the end, of each pair of agent and symbol."""
    found: list[tuple[Any, ...]] = []
    symbols: list[int] = []
    for agent, symbol in pairs:
        names = (rows.record.agents[agent], rows.record.instruments[symbol].symbol)
        sampled = [(*names, *row) for row in _sampled(rows, agent, symbol, interval)]
        found += sampled
        symbols += [symbol] * len(sampled)
    values = tuple(zip(*found, strict=True)) if found else ((),) * len(EQUITY)
    return Table("equity", EQUITY, values, symbols)


def _sampled(rows: Rows, agent: int, symbol: int, interval: int) -> list[tuple[int, int, int, int]]:
    """(time, position, equity, drawdown), as they were then."""
    account = Account(rows, agent, (symbol,))
    drawdown = Drawdown()
    found = []
    time, end = rows.record.start, rows.record.end
    state = (0, 0, 0)
    for then, equity in account.points():
        while time < then:
            found.append((time, *state))
            time += interval
        drawdown.take(then, equity)
        state = (account.positions[symbol].quantity, equity, drawdown.now)
    while time < end:
        found.append((time, *state))
        time += interval
    found.append((end, *state))
    return found


MAKERS: Final[dict[str, Callable[[Rows], Table]]] = {
    "quotes": quotes_table,
    "trades": trades_table,
    "orders": orders_table,
    "fills": fills_table,
}
"""By name, those of the record alone."""


def _symbols(record: Columns, column: Sequence[int]) -> list[str]:
    names = [instrument.symbol for instrument in record.instruments]
    return [names[symbol] for symbol in column]


def _known(column: Sequence[int]) -> list[int | None]:
    return [value or None for value in column]


def _products(first: Sequence[int], second: Sequence[int]) -> list[int]:
    return [a * b for a, b in zip(first, second, strict=True)]
