"""What holds for the engine whatever it is told, with the naive engine as the oracle."""

from collections import Counter

from hypothesis import given, seed, settings

from matcher.book import MAX_TRADES
from matcher.engine import Engine
from matcher.levels import Levels
from matcher.order import MAX_FILLS, Order
from protocol.codec import encode
from protocol.commands import AmendOrder, CancelOrder, PlaceOrder
from protocol.events import (
    CommandRefused,
    Event,
    InstrumentSet,
    OrderAmended,
    OrderCanceled,
    OrderDuplicated,
    OrderPlaced,
    OrderRejected,
    OrderTriggered,
    Trade,
)
from protocol.instrument import Instrument
from protocol.units import OrderStatus, Reason, Refusal, Side
from tests.commands_strategy import Tape, examples, tapes
from tests.naive_engine import NaiveEngine, NaiveOrder
from tests.tape import without_wording

LIVE = (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)

Terms = tuple[int, int, int, int | None, int | None]
"""order_id, quantity, remaining, price and trigger_price of a live order."""


def queues(engine: Engine, symbol: str) -> tuple[list[Terms], list[Terms], list[Terms]]:
    """Bids and asks in the order in which they trade, pending orders by entry."""
    book = engine.books[symbol]

    def terms(orders: list[Order]) -> list[Terms]:
        return [(order.order_id, order.quantity, order.remaining, order.price, order.trigger_price) for order in orders]

    return terms(in_order(book.bids)), terms(in_order(book.asks)), terms(list(book.pending.values()))


def in_order(levels: Levels) -> list[Order]:
    return [order for level in levels for order in level]


def naive_queues(engine: NaiveEngine, symbol: str) -> tuple[list[Terms], list[Terms], list[Terms]]:
    def terms(orders: list[NaiveOrder]) -> list[Terms]:
        return [(order.order_id, order.quantity, order.remaining, order.price, order.trigger_price) for order in orders]

    return terms(engine.resting(symbol, Side.BUY)), terms(engine.resting(symbol, Side.SELL)), terms(engine.pending(symbol))


@examples
@given(tapes)
def test_both_engines_agree(tape: Tape) -> None:
    """All events of each command, and after it all queues."""
    engine, naive = Engine(), NaiveEngine()
    for sequence, time, command in tape:
        said = [without_wording(event) for event in engine.apply(sequence, time, command)]
        assert said == [without_wording(event) for event in naive.apply(sequence, time, command)]
        for symbol in naive.instruments:
            assert queues(engine, symbol) == naive_queues(naive, symbol)


@examples
@given(tapes)
def test_book_is_never_locked_or_crossed(tape: Tape) -> None:
    """And its totals, level by level, are those of its orders; the pending ones stand by their trigger prices likewise."""
    engine = Engine()
    for sequence, time, command in tape:
        engine.apply(sequence, time, command)
        for book in engine.books.values():
            (best_bid,), (best_ask,) = book.bids.top(1) or [(0, 0)], book.asks.top(1) or [(10**14, 0)]
            assert best_bid[0] < best_ask[0]
            for levels in (book.bids, book.asks):
                totals: Counter[int] = Counter()
                for order in in_order(levels):
                    assert order.price is not None
                    totals[order.price] += order.remaining
                assert levels.top(1_000) == sorted(totals.items(), reverse=levels is book.bids)
            waiting = [*in_order(book.rises), *in_order(book.falls)]
            assert {order.order_id for order in waiting} == set(book.pending)
            if book.last_price is not None:
                assert all((order.trigger_price or 0) > book.last_price for order in in_order(book.rises))
                assert all((order.trigger_price or 0) < book.last_price for order in in_order(book.falls))


@examples
@given(tapes)
def test_each_trade_is_made_with_the_first_order_at_the_best_price(tape: Tape) -> None:
    """No trade-through and first come first served, judged by the naive book before the command: whoever stands there before the
    maker, at a better price or earlier at the same, has nothing left. The price is the maker's and within the taker's limit."""
    engine, naive = Engine(), NaiveEngine()
    for sequence, time, command in tape:
        before = {
            (symbol, side): [(order.order_id, order.price_rank(), order.remaining) for order in naive.resting(symbol, side)]
            for symbol in naive.instruments
            for side in Side
        }
        events = engine.apply(sequence, time, command)
        naive.apply(sequence, time, command)
        moved = [event.order_id for event in events if isinstance(event, OrderAmended)]
        taken: Counter[int] = Counter()
        for trade in events:
            if isinstance(trade, Trade):
                maker, taker = naive.orders[trade.maker_order_id - 1], naive.orders[trade.taker_order_id - 1]
                assert (trade.aggressor_side, trade.symbol) == (taker.entered.side, maker.entered.symbol)
                assert trade.price == maker.price
                assert taker.price is None or maker.price_rank() <= -taker.price_rank()
                queue = [
                    (order_id, rank)
                    for order_id, rank, remaining in before[trade.symbol, maker.entered.side]
                    if remaining > taken[order_id] and order_id not in moved
                ]
                ids = [order_id for order_id, _ in queue]
                if maker.order_id in ids:
                    assert ids[0] == maker.order_id
                else:
                    assert all(rank > maker.price_rank() for _, rank in queue)
                taken[maker.order_id] += trade.quantity


@examples
@given(tapes)
def test_quantities_are_conserved(tape: Tape) -> None:
    """Of each order: filled + remaining + canceled = quantity. Of each trade: one side buys what the other sells."""
    engine = Engine()
    quantities: dict[int, int] = {}
    sides: dict[int, Side] = {}
    filled: Counter[int] = Counter()
    canceled: Counter[int] = Counter()
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            match event:
                case OrderPlaced(order_id) | OrderRejected(order_id):
                    assert isinstance(command, PlaceOrder)
                    quantities[order_id], sides[order_id] = command.quantity, command.side
                case OrderAmended(order_id, quantity):
                    quantities[order_id] = quantity
                case Trade():
                    assert event.quantity > 0
                    assert sides[event.taker_order_id] is event.aggressor_side is not sides[event.maker_order_id]
                    filled[event.maker_order_id] += event.quantity
                    filled[event.taker_order_id] += event.quantity
                case OrderCanceled(order_id, quantity):
                    assert order_id not in canceled
                    canceled[order_id] = quantity
        assert set(engine.orders) == set(quantities)
        for order_id, order in engine.orders.items():
            remaining = order.remaining if order.status in LIVE else 0
            rejected = quantities[order_id] if order.status is OrderStatus.REJECTED else 0
            assert filled[order_id] + remaining + canceled[order_id] + rejected == quantities[order_id] == order.quantity
        assert sum(filled[order_id] for order_id in sides if sides[order_id] is Side.BUY) == sum(filled.values()) / 2


@examples
@given(tapes)
def test_orders_know_what_happened_to_them(tape: Tape) -> None:
    """Status, value and fills are those that the events tell; so are the trades of a book, numbered without a hole."""
    engine = Engine()
    statuses: dict[int, OrderStatus] = {}
    reasons: dict[int, Reason] = {}
    trades: list[Trade] = []
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            match event:
                case OrderRejected(order_id, reason):
                    statuses[order_id], reasons[order_id] = OrderStatus.REJECTED, reason
                case OrderCanceled(order_id, _, reason):
                    statuses[order_id], reasons[order_id] = OrderStatus.CANCELED, reason
                case Trade():
                    assert (event.sequence, event.timestamp) == (sequence, time)
                    trades.append(event)
    for symbol, book in engine.books.items():
        printed = [trade for trade in trades if trade.symbol == symbol]
        assert list(book.trades) == printed[-MAX_TRADES:]
        assert [trade.trade_id for trade in printed] == list(range(1, len(printed) + 1))
        assert book.last_price == (printed[-1].price if printed else None)
    live = [order for book in engine.books.values() for order in (*in_order(book.bids), *in_order(book.asks), *book.pending.values())]
    assert {order.order_id for order in live} == {order.order_id for order in engine.orders.values() if order.status in LIVE}
    assert {order.order_id for order in engine.done} == set(engine.orders) - {order.order_id for order in live}
    for order_id, order in engine.orders.items():
        fills = [trade for trade in trades if order_id in (trade.maker_order_id, trade.taker_order_id)]
        assert (order.fills or []) == fills[-MAX_FILLS:]
        assert order.filled_value == sum(trade.price * trade.quantity for trade in fills)
        assert order.reason == reasons.get(order_id)
        if order.status not in LIVE:
            assert order.status is statuses.get(order_id, OrderStatus.FILLED)


@examples
@given(tapes)
def test_trades_bear_the_rates_in_force(tape: Tape) -> None:
    engine = Engine()
    instruments: dict[str, Instrument] = {}
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            if isinstance(event, InstrumentSet):
                instruments[event.instrument.symbol] = event.instrument
            if isinstance(event, Trade):
                instrument = instruments[event.symbol]
                assert (event.maker_fee_bps, event.taker_fee_bps) == (instrument.maker_fee_bps, instrument.taker_fee_bps)


def play(tape: Tape) -> bytes:
    engine = Engine()
    return encode([engine.apply(sequence, time, command) for sequence, time, command in tape])


@examples
@given(tapes)
def test_same_commands_give_the_same_bytes(tape: Tape) -> None:
    assert play(tape) == play(tape)


@examples
@given(tapes)
def test_refused_commands_change_nothing(tape: Tape) -> None:
    """A tape without those that were refused or repeated tells all the rest to the byte."""
    engine = Engine()
    told, kept = [], []
    for sequence, time, command in tape:
        events = engine.apply(sequence, time, command)
        if not any(isinstance(event, CommandRefused | OrderDuplicated) for event in events):
            told.append(events)
            kept.append((sequence, time, command))
    assert encode(told) == play(kept)


@examples
@given(tapes)
def test_forgetting_done_orders_changes_only_what_is_said_of_them(tape: Tape) -> None:
    """Orders that are sent again are left out: once forgotten, they are new."""
    engine, naive = Engine(remembered_orders=3), NaiveEngine()
    for sequence, time, command in tape:
        expected = naive.apply(sequence, time, command)
        if any(isinstance(event, OrderDuplicated) or is_refused(event, Refusal.CLIENT_ORDER_ID_CONFLICT) for event in expected):
            continue
        said = engine.apply(sequence, time, command)
        if is_refused(expected[0] if expected else None, Refusal.ORDER_NOT_OPEN) and is_refused(said[0], Refusal.UNKNOWN_ORDER):
            assert isinstance(command, CancelOrder | AmendOrder)
        else:
            assert [without_wording(event) for event in said] == [without_wording(event) for event in expected]
        live = {order.order_id for order in naive.orders if order.state != "done"}
        assert live <= set(engine.orders)
        assert len(engine.orders) == len(live) + len(engine.done)


def is_refused(event: Event | None, refusal: Refusal) -> bool:
    return isinstance(event, CommandRefused) and event.refusal is refusal


def test_random_tapes_reach_what_can_happen() -> None:
    """A guard of the strategy: always the same tapes, more of them until they have met every event, reason and refusal of the engine,
    sweeps, amends that trade, and cascades."""
    missing: set[object] = {OrderPlaced, OrderTriggered, OrderAmended, OrderDuplicated, Trade, InstrumentSet}
    missing |= {repr(refusal) for refusal in Refusal if refusal <= Refusal.INSTRUMENT_FIXED}
    missing |= {repr(reason) for reason in Reason if reason is not Reason.BOOK_REPLACED}
    missing |= {(PlaceOrder, "sweeps"), (AmendOrder, "trades"), "three fire and trade"}

    for number in range(20):

        @seed(number)
        @settings(max_examples=60, deadline=None, database=None)
        @given(tapes)
        def look(tape: Tape) -> None:
            engine = Engine()
            for sequence, time, command in tape:
                events = engine.apply(sequence, time, command)
                trades = sum(isinstance(event, Trade) for event in events)
                fired = sum(isinstance(event, OrderTriggered) for event in events)
                missing.difference_update(outcome(event) for event in events)
                missing.difference_update([(type(command), "trades")] if trades else [], [(type(command), "sweeps")] if trades > 1 else [])
                missing.difference_update(["three fire and trade"] if fired >= 3 and isinstance(events[-1], Trade) else [])

        look()
        if not missing:
            break
    assert not missing


def outcome(event: Event) -> object:
    match event:
        case CommandRefused(refusal):
            return repr(refusal)
        case OrderRejected(_, reason) | OrderCanceled(_, _, reason):
            return repr(reason)
    return type(event)
