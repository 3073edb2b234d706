"""Makes rows of what commands have caused."""

from collections.abc import Iterable
from itertools import islice
from operator import itemgetter
from typing import Final

from msgspec.structs import astuple

from history.candles.candle import Candle
from history.candles.folding import Folder
from history.schema.candle_rows import candle_row
from history.schema.order_rows import order_row
from history.writing.movements import Movements
from history.writing.rows import Row, TableRows
from matcher.core.registry import Registry
from matcher.reply import Reply
from matcher.serving.answers import order_state
from matcher.state import Caused, State
from protocol.codec import encode
from protocol.events import InstrumentSet, LedgerSet, MoneyMoved, OrderCanceled, OrderPlaced, Trade
from protocol.instrument import Instrument

NO_ROWS: Final = frozenset((OrderPlaced, OrderCanceled))
"""Events that most commands cause and that no row is made of. What became of an order is read of the order."""


class StateGatherer:
    """Makes rows of commands. It watches a State from where that stands, by `State.replay(record, observe)`.

    candles: the last ones of every symbol and interval at that place, by (symbol, interval).
    begins: the tables begin at that place. What holds there by no later command is told too: the instruments.
    """

    def __init__(self, state: State, candles: Iterable[tuple[str, str, Candle]] = (), *, begins: bool = False) -> None:
        registry = state.registry
        self._registry = registry
        self._movements = Movements(registry)
        self._folder = Folder(candles)
        self._rows = TableRows()
        self._instruments: dict[tuple[str, int], Row] = {}
        self._number = registry.forgotten + len(registry.done)
        self._book_numbers = {symbol: book.forgotten + len(book.done) for symbol, book in registry.books.items()}
        if begins:
            for book in registry.books.values():
                self._set(book.instrument, state.sequence, state.time)

    def observe(self, reply: Reply, caused: list[Caused]) -> None:
        """Hear of the commands of one frame, right after they have run."""
        time = reply.timestamp
        movements = self._movements
        for outcome in caused:
            for event in outcome.events:
                kind = type(event)
                if kind is Trade:
                    self._trade(event)  # type: ignore[arg-type]
                elif kind in NO_ROWS:
                    continue
                elif isinstance(event, MoneyMoved):
                    movements.note_money(outcome.sequence, event)
                elif isinstance(event, LedgerSet):
                    movements.note_ledger(event)
                elif isinstance(event, InstrumentSet):
                    self._set(event.instrument, outcome.sequence, time)
        if movements.noted:
            self._rows.movements += movements.take(time)
        registry = self._registry
        ended = registry.forgotten + len(registry.done) - self._number
        if ended:
            self._end(registry, ended)

    def take(self) -> TableRows:
        """All rows since the last call."""
        rows = self._rows
        self._rows = TableRows()
        rows.instruments += self._instruments.values()
        self._instruments.clear()
        rows.trades.sort(key=itemgetter(0, 1))
        rows.fills.sort()
        rows.movements.sort(key=itemgetter(0, 1, 2))
        rows.candles = [candle_row(*changed) for changed in self._folder.add(rows.trades)]
        return rows

    def _trade(self, trade: Trade) -> None:
        symbol, trade_id, price, quantity, side, maker_id, taker_id, maker_bps, taker_bps, sequence, time = astuple(
            trade
        )
        orders = self._registry.orders
        maker, taker = orders[maker_id].account.name, orders[taker_id].account.name
        rows = self._rows
        rows.trades.append(
            (
                symbol, trade_id, time, price, quantity, side + 0, maker_id, taker_id, maker, taker, maker_bps,
                taker_bps, sequence,
            )
        )  # fmt: skip
        fills = rows.fills
        fills.append((maker, sequence, trade_id, 1, symbol, maker_id))
        fills.append((taker, sequence, trade_id, 0, symbol, taker_id))
        if self._movements.ledgers:
            self._movements.note_trade(trade, maker, taker)

    def _end(self, registry: Registry, ended: int) -> None:
        """Make rows of the orders that have ended last. The engine numbers them so."""
        done = registry.done
        assert ended <= len(done), "the engine remembers more orders than one frame ends"
        number, book_numbers, rows = self._number, self._book_numbers, self._rows.orders
        newest = list(islice(reversed(done), ended))
        for order in reversed(newest):
            number += 1
            state = order_state(order, [])
            book_number = book_numbers.get(state.symbol, 0) + 1
            book_numbers[state.symbol] = book_number
            rows.append(order_row(state, number, book_number))
        self._number = number

    def _set(self, instrument: Instrument, sequence: int, time: int) -> None:
        # A command may set one twice: the last counts.
        self._instruments[instrument.symbol, sequence] = (
            instrument.symbol,
            sequence,
            time,
            instrument.base,
            instrument.quote,
            instrument.price_decimals,
            instrument.quantity_decimals,
            instrument.status + 0,
            encode(instrument),
        )
