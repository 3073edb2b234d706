"""Matching: how each order type runs, and how plain orders trade.

Best price first, at one price first come first served, each trade at the resting order's price (docs/contract.md).
Cost of an order: O(1) for each maker, and for each level that it empties at the best price. Plain orders trade with
one another in `_take`, in line. If one of two orders has terms, `matcher.core.matching_on_terms` takes over.
"""

from collections.abc import Callable
from typing import Any, Final

from matcher.core.book import Book
from matcher.core.foresight import covers_fired
from matcher.core.levels import ANY_PRICE
from matcher.core.locks import affordable
from matcher.core.matching_on_terms import can_fill, spend, take_on_terms
from matcher.core.order import Order, remember_fills
from matcher.core.protection import is_outside_band, market_limit, market_stop
from matcher.core.triggers import is_met
from protocol.events import Event, Trade
from protocol.order_types import ORDER_TYPES, RunsAs, TypeRow, Waits
from protocol.units import OrderStatus, OrderType, Reason, Side, TimeInForce

BUY: Final = Side.BUY
FILLED: Final = OrderStatus.FILLED
LIMIT: Final = OrderType.LIMIT


def run_fired(book: Book, events: list[Event]) -> None:
    """End a command that ran an order: run the fired orders, and those that they fire, until none is left. Then let
    the trailing stops follow. If they have moved too often already, what has fired takes nothing."""
    fired, running = book.fired, book.running
    while fired:
        if running.moves_left < 0:
            running.trades_left = 0
        order = fired.popleft()
        if order.terms.post_only and book.would_take(order.side, order.price):
            book.drop(order, Reason.POST_ONLY_WOULD_CROSS, events)
        elif order.price is not None and book.rules.price_band_bps and is_outside_band(book, order.price):
            book.drop(order, Reason.PRICE_OUTSIDE_BAND, events)
        elif order.account.ledger is not None and not covers_fired(book, order, order.account.ledger):
            book.drop(order, Reason.INSUFFICIENT_BALANCE, events)
        else:
            RUN_FIRED[order.order_type](book, order, events)
    if book.triggers.run:
        book.follow_run(events)


def run_market(book: Book, order: Order, events: list[Event]) -> None:
    """Take at any price that the market's protection allows; cancel the rest."""
    extra = order.extra
    limit, stop = ANY_PRICE, Reason.NO_LIQUIDITY
    if extra is not None or book.rules.price_band_bps:
        limit, stop = market_limit(book, order), market_stop(book, order)
        if extra is not None and extra.terms.quote_quantity is not None:
            budget, ledger = extra.terms.quote_quantity, order.account.ledger
            if ledger is not None and order.side is BUY:
                budget = affordable(book, order, ledger, budget)
            spend(book, order, extra, budget, limit, stop, events)
            return
    _take(book, order, limit, events)
    if order.remaining:
        keys = (book.asks if order.side is BUY else book.bids).keys
        book.drop(order, _reason(book, order, limit, stop) if keys else Reason.NO_LIQUIDITY, events)


def run_limit(book: Book, order: Order, events: list[Event]) -> None:
    """Take up to the price; let the rest rest."""
    price = order.price
    assert price is not None, "checked on entry"
    if order.side is BUY:
        keys, limit, own = book.asks.keys, -price, book.bids
    else:
        keys, limit, own = book.bids.keys, price, book.asks
    if keys and keys[-1] >= limit:
        _take(book, order, limit, events)
        if not order.remaining:
            return
        if keys and keys[-1] >= limit:
            book.drop(order, Reason.TOO_MANY_TRADES, events)
            return
    order.price = own.add(order, price).order_price


def run_ioc(book: Book, order: Order, events: list[Event]) -> None:
    """Take up to the price; cancel the rest."""
    limit = _limit(order)
    _take(book, order, limit, events)
    if order.remaining:
        book.drop(order, _reason(book, order, limit, Reason.IOC_REMAINDER), events)


def run_fok(book: Book, order: Order, events: list[Event]) -> None:
    """Take all of the quantity up to the price, or nothing."""
    limit = _limit(order)
    if can_fill(book, order, limit):
        _take(book, order, limit, events)
    else:
        book.drop(order, Reason.FOK_UNFILLABLE, events)


def run_trigger(book: Book, order: Order, events: list[Event]) -> None:
    """Fire at once if the last trade already meets the trigger price, else wait."""
    if book.last_price is not None and is_met(order, book.last_price):
        book.trigger(order, events)
    else:
        book.wait(order)


def run_trailing(book: Book, order: Order, _events: list[Event]) -> None:
    """Wait."""
    book.wait(order)


Run = Callable[[Book, Order, list[Event]], None]

_RUNS_AS: Final[dict[RunsAs, Run]] = {
    RunsAs.MARKET: run_market,
    RunsAs.LIMIT: run_limit,
    RunsAs.IOC: run_ioc,
    RunsAs.FOK: run_fok,
}
_WAITS: Final[dict[Waits, Run]] = {
    Waits.STOP: run_trigger,
    Waits.PROFIT: run_trigger,
    Waits.TRAIL: run_trailing,
}


def _run_of(row: TypeRow) -> Run:
    return _RUNS_AS[row.runs_as] if row.waits is Waits.NO else _WAITS[row.waits]


RUN: Final[tuple[Run, ...]] = (run_market, *(_run_of(ORDER_TYPES[order_type]) for order_type in OrderType))
"""How each order type runs, by its number. There is no order type 0."""


_BY_TIME_IN_FORCE: Final[dict[TimeInForce, Run]] = {
    TimeInForce.GTC: run_limit,
    TimeInForce.IOC: run_ioc,
    TimeInForce.FOK: run_fok,
}


def run_fired_limit(book: Book, order: Order, events: list[Event]) -> None:
    """Take up to the price; what becomes of the rest says its time in force."""
    _BY_TIME_IN_FORCE[order.terms.time_in_force](book, order, events)


def _run_fired_of(row: TypeRow) -> Run:
    return run_fired_limit if row.runs_as is RunsAs.LIMIT else _RUNS_AS[row.runs_as]


RUN_FIRED: Final[tuple[Run, ...]] = (run_market, *(_run_fired_of(ORDER_TYPES[order_type]) for order_type in OrderType))
"""How each order type runs once it has fired, by its number."""


def _reason(book: Book, order: Order, limit: int, otherwise: Reason) -> Reason:
    """Why a taker has something left: it may meet no more orders, or there are none."""
    keys = (book.asks if order.side is BUY else book.bids).keys
    return Reason.TOO_MANY_TRADES if keys and keys[-1] >= limit else otherwise


def _limit(order: Order) -> int:
    """The lowest key of the opposite side at which the order may trade."""
    price = order.price
    assert price is not None, "checked on entry"
    return -price if order.side is BUY else price


def _take(book: Book, taker: Order, limit: int, events: list[Event]) -> None:
    """Trade the order against the opposite side, up to the key `limit` and within the limits of the command. It ends
    when nothing of it remains."""
    if taker.extra is not None or book.currencies.fee_changes:
        take_on_terms(book, taker, limit, events)
        return
    levels = book.asks if taker.side is BUY else book.bids
    keys, by_key, pending = levels.keys, levels.by_key, book.triggers.pending
    rules, running = book.rules, book.running
    # Many trades share these as the objects that they are.
    maker_fee_bps: Any = rules.maker_fee_bps
    taker_fee_bps: Any = rules.taker_fee_bps
    shared_sequence: Any = running.sequence
    shared_time: Any = running.time
    shared_taker_id: Any = taker.order_id
    symbol, sequence, time, ended = rules.symbol, running.sequence, running.time, running.ended
    side, remaining = taker.side, taker.remaining
    trade_id = book.last_trade_id
    last_allowed = trade_id + running.trades_left
    value = 0
    trades: list[Trade] = []
    makers: list[Order] = []
    maker: Order | None = None
    while remaining and keys and keys[-1] >= limit:
        level = by_key[keys[-1]]
        price = level.price
        shared_price: Any = level.order_price
        maker = level.head
        before = remaining
        while remaining and maker is not None and maker.extra is None and trade_id < last_allowed:
            offered = maker.remaining
            quantity = offered if offered < remaining else remaining
            trade_id += 1
            trade = Trade(
                symbol,
                trade_id,
                shared_price,
                quantity,
                side,
                maker.order_id,
                shared_taker_id,
                maker_fee_bps,
                taker_fee_bps,
                shared_sequence,
                shared_time,
            )
            events.append(trade)
            trades.append(trade)
            makers.append(maker)
            remaining -= quantity
            amount = price * quantity
            value += amount
            maker.filled_value += amount
            maker.remaining = offered - quantity
            maker.updated_sequence = sequence
            maker.updated = time
            if maker.fills is None:
                maker.fills = [trade]
            else:
                remember_fills(maker, [trade])
            checked = book.checked_price
            if checked is None or price != checked:
                if pending:
                    book.fire(price, events)
                else:
                    book.last_price = book.checked_price = price
            if quantity == offered:
                following = maker.next
                maker.status = FILLED
                maker.level = maker.next = None
                ended.append(maker)
                level.head = maker = following
                if following is not None:
                    following.previous = None
        level.quantity -= before - remaining
        if level.head is None:
            levels.discard(level)
        elif remaining and maker is not None:
            break
    if trades:
        book.last_trade_id = trade_id
        running.trades_left -= len(trades)
        running.takes.append((taker, makers, trades))
        book.trades.extend(trades)
        taker.remaining = remaining
        taker.filled_value += value
        taker.updated_sequence = sequence
        taker.updated = time
        # A list of its own for an order that may trade on.
        remember_fills(taker, trades.copy() if remaining else trades)
        if not remaining:
            taker.status = FILLED
            ended.append(taker)
    if remaining and maker is not None:
        take_on_terms(book, taker, limit, events)
