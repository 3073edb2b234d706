"""What holds for the engine whatever it is told, with the naive engine as the oracle."""

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given, seed, settings

from matcher.core.book import MAX_TRADES
from matcher.core.order import MAX_FILLS, Order
from matcher.engine import Engine
from protocol.commands import PlaceOco
from protocol.events import (
    InstrumentSet,
    LedgerSet,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderDuplicated,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    Trade,
)
from protocol.units import OrderStatus, OrderType, Reason, SelfTradePrevention, Side
from tests.oracle.commands_strategy import Tape, examples, tapes
from tests.oracle.encounters import ALL, Encounters, terms_of
from tests.oracle.naive_engine import NaiveEngine
from tests.tape import without_wording

if TYPE_CHECKING:
    from protocol.instrument import Instrument
from tests.property.standing import LIVE, in_order, naive_queues, naive_whole, placed_by, queues, waiting, whole


@examples
@given(tapes)
def test_both_engines_agree(tape: Tape) -> None:
    """All events of each command, after it all queues, and in the end all there is of each order and account."""
    engine, naive = Engine(), NaiveEngine()
    for sequence, time, command in tape:
        assert engine.due(time) is naive.is_due(time)
        said = [without_wording(event) for event in engine.apply(sequence, time, command)]
        assert said == [without_wording(event) for event in naive.apply(sequence, time, command)]
        for symbol in naive.instruments:
            assert queues(engine, symbol) == naive_queues(naive, symbol)
    assert [whole(engine.registry.orders[order.order_id]) for order in naive.orders] == [
        naive_whole(order) for order in naive.orders
    ]
    for name, account in naive.accounts.items():
        known = engine.registry.accounts.get(name)
        assert (account.suspended, account.cancel_at) == (
            (known.suspended, known.cancel_at) if known is not None else (False, None)
        )
        prevented = [match for owner, match in naive.prevented_matches if owner == name]
        assert engine.registry.running.prevented.of(name) == prevented


@examples
@given(tapes)
def test_book_is_never_locked_or_crossed(tape: Tape) -> None:
    """And its totals, level by level, are those of what its orders show; the pending ones stand beyond the last trade
    likewise, and the stop leg of an OCO beyond its limit leg."""
    engine = Engine()
    for sequence, time, command in tape:
        engine.apply(sequence, time, command)
        for book in engine.registry.books.values():
            (best_bid,), (best_ask,) = book.bids.top(1) or [(0, 0)], book.asks.top(1) or [(10**14, 0)]
            assert best_bid[0] < best_ask[0]
            for levels in (book.bids, book.asks):
                totals: Counter[int] = Counter()
                for order in in_order(levels):
                    assert order.price is not None
                    totals[order.price] += shown_part(order)
                assert levels.top(1_000) == sorted(totals.items(), reverse=levels is book.bids)
            rising, falling = waiting(book.triggers.rises), waiting(book.triggers.falls)
            pending = book.triggers.pending.values()
            assert {order.order_id for order in (*rising, *falling)} == {
                order.order_id for order in pending if order.trigger_price
            }
            if book.last_price is not None:
                assert all((order.trigger_price or 0) > book.last_price for order in rising)
                assert all((order.trigger_price or 0) < book.last_price for order in falling)
            for order in pending:
                limit_leg = order.extra.partner if order.extra is not None else None
                if limit_leg is not None:
                    assert limit_leg.remaining == order.remaining
                    first, stop = sorted((limit_leg, order), key=lambda leg: leg.order_id)
                    price = first.price if first.order_type is OrderType.LIMIT else first.trigger_price
                    assert price is not None and stop.trigger_price is not None
                    assert (price > stop.trigger_price) is (order.side is Side.SELL)


def shown_part(order: Order) -> int:
    """What of a resting order may be seen: of an iceberg more than nothing, and no more than its display_quantity."""
    assert order.remaining > 0
    display = order.extra.terms.display_quantity if order.extra is not None else None
    if display is None:
        return order.remaining
    assert order.extra is not None
    assert 0 < order.extra.shown <= min(display, order.remaining)
    return order.extra.shown


@examples
@given(tapes)
def test_each_trade_is_made_with_the_first_order_at_the_best_price(tape: Tape) -> None:
    """No trade-through and first come first served, judged by the naive book before the command: whoever stands there
    before the maker, at a better price or earlier at the same, has nothing left to trade in this place. The price is
    the maker's and within the taker's limit."""
    engine, naive = Engine(), NaiveEngine()
    for sequence, time, command in tape:
        before = {
            (symbol, side): [(order.order_id, order.price_rank()) for order in naive.resting(symbol, side)]
            for symbol in naive.instruments
            for side in Side
        }
        remaining = {order.order_id: order.remaining for order in naive.live()}
        shown = {order.order_id: order.shown for order in naive.live() if order.state == "resting"}
        events = engine.apply(sequence, time, command)
        naive.apply(sequence, time, command)
        for event in events:
            match event:
                case OrderAmended(order_id) | OrderCanceled(order_id):
                    shown.pop(order_id, None)
                case OrderDecremented(order_id, quantity) | OrderReduced(order_id, quantity) if order_id in shown:
                    remaining[order_id] -= quantity
                    shown[order_id] = min(shown[order_id], remaining[order_id])
                case Trade():
                    maker, taker = naive.orders[event.maker_order_id - 1], naive.orders[event.taker_order_id - 1]
                    assert (event.aggressor_side, event.symbol) == (taker.side, maker.entered.symbol)
                    assert event.price == maker.price
                    assert taker.price is None or maker.price_rank() <= -taker.price_rank()
                    queue = [
                        (order_id, rank) for order_id, rank in before[event.symbol, maker.side] if shown.get(order_id)
                    ]
                    if shown.get(maker.order_id):
                        assert queue[0][0] == maker.order_id
                        shown[maker.order_id] -= event.quantity
                        remaining[maker.order_id] -= event.quantity
                    else:
                        assert all(rank > maker.price_rank() for _, rank in queue)


@examples
@given(tapes)
def test_quantities_are_conserved(tape: Tape) -> None:  # noqa: C901 - one case an event
    """Of each order: filled + prevented + remaining, or what was canceled of it, = quantity, after each command. Of
    each trade: one side buys what the other sells. An OCO trades no more than one of its legs would alone."""
    engine = Engine()
    quantities: dict[int, int] = {}
    sides: dict[int, Side] = {}
    filled: Counter[int] = Counter()
    prevented: Counter[int] = Counter()
    canceled: Counter[int] = Counter()
    amended: set[int] = set()
    ocos: list[tuple[int, int, int]] = []
    for sequence, time, command in tape:
        told: list[int] = []
        for event in engine.apply(sequence, time, command):
            match event:
                case OrderPlaced(order_id) | OrderRejected(order_id):
                    placed = placed_by(command)
                    quantities[order_id], sides[order_id] = placed.quantity, placed.side
                    told.append(order_id)
                case OrderAmended(order_id, quantity):
                    quantities[order_id] = quantity
                    amended.add(order_id)
                case OrderReduced(order_id, quantity):
                    assert quantity > 0
                    quantities[order_id] -= quantity
                case OrderDecremented(order_id, quantity):
                    assert quantity > 0
                    prevented[order_id] += quantity
                case Trade():
                    assert event.quantity > 0
                    assert sides[event.taker_order_id] is event.aggressor_side is not sides[event.maker_order_id]
                    filled[event.maker_order_id] += event.quantity
                    filled[event.taker_order_id] += event.quantity
                case OrderCanceled(order_id, quantity, reason):
                    assert order_id not in canceled
                    canceled[order_id] = 0 if reason is Reason.SELF_TRADE else quantity
                    if reason is Reason.SELF_TRADE:
                        rest = quantities[order_id] - filled[order_id] - prevented[order_id]
                        assert quantity in (0, rest)
                        prevented[order_id] += max(0, rest)
        assert {order.order_id for order in engine.registry.orders} == set(quantities)
        for order in engine.registry.orders:
            order_id = order.order_id
            terms = terms_of(order)
            if terms.quote_quantity is not None:
                quantities[order_id] = filled[order_id] + prevented[order_id]
                assert order.status not in LIVE
                assert order.filled_value <= terms.quote_quantity
            remaining = order.remaining if order.status in LIVE else 0
            rejected = quantities[order_id] if order.status is OrderStatus.REJECTED else 0
            assert prevented[order_id] == (order.extra.prevented if order.extra is not None else 0)
            whole = filled[order_id] + prevented[order_id] + remaining + canceled[order_id] + rejected
            assert whole == quantities[order_id] == order.quantity
            if order.order_type is OrderType.FOK:
                assert filled[order_id] in (0, order.quantity)
        assert sum(filled[order_id] for order_id in sides if sides[order_id] is Side.BUY) == sum(filled.values()) / 2
        if isinstance(command, PlaceOco) and told:
            limit_leg, stop_leg = told
            ocos.append((limit_leg, stop_leg, command.quantity))
    for limit_leg, stop_leg, quantity in ocos:
        if not amended & {limit_leg, stop_leg}:
            assert filled[limit_leg] + filled[stop_leg] <= quantity


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
    for symbol, book in engine.registry.books.items():
        printed = [trade for trade in trades if trade.symbol == symbol]
        assert list(book.trades) == printed[-MAX_TRADES:]
        assert [trade.trade_id for trade in printed] == list(range(1, len(printed) + 1))
        assert book.last_price == (printed[-1].price if printed else None)
    live = [
        order
        for book in engine.registry.books.values()
        for order in (*in_order(book.bids), *in_order(book.asks), *book.triggers.pending.values())
    ]
    assert {order.order_id for order in live} == {
        order.order_id for order in engine.registry.orders if order.status in LIVE
    }
    assert {order.order_id for order in engine.registry.done} == {
        order.order_id for order in engine.registry.orders
    } - {order.order_id for order in live}
    for order in engine.registry.orders:
        order_id = order.order_id
        fills = [trade for trade in trades if order_id in (trade.maker_order_id, trade.taker_order_id)]
        assert (order.fills or []) == fills[-MAX_FILLS:]
        assert order.filled_value == sum(trade.price * trade.quantity for trade in fills)
        assert order.reason == reasons.get(order_id)
        if order.status not in LIVE:
            assert order.status is statuses.get(order_id, OrderStatus.FILLED)


@examples
@given(tapes)
def test_no_order_trades_against_its_terms(tape: Tape) -> None:
    """Not with its own account but where its mode is none, not after its expire_time, not for a suspended account;
    post_only never takes."""
    engine = Engine()
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            if isinstance(event, Trade):
                maker, taker = (
                    engine.registry.orders[event.maker_order_id],
                    engine.registry.orders[event.taker_order_id],
                )
                terms = terms_of(taker)
                assert maker.account is not taker.account or terms.self_trade_prevention is SelfTradePrevention.NONE
                assert all(not of.expire_time or time <= of.expire_time for of in (terms, terms_of(maker)))
                assert not maker.account.suspended and not taker.account.suspended
                assert not terms.post_only


@examples
@given(tapes)
def test_trades_bear_the_rates_in_force(tape: Tape) -> None:
    """An account with a ledger pays at most the larger of the two rates as its order entered, or as its ledger began."""
    engine = Engine()
    instruments: dict[str, Instrument] = {}
    ledgers: set[str] = set()
    most: dict[int, int] = {}
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            if isinstance(event, InstrumentSet):
                instruments[event.instrument.symbol] = event.instrument
            if isinstance(event, LedgerSet):
                (ledgers.add if event.ledger else ledgers.discard)(event.account)
                for order in engine.registry.accounts[event.account].orders if event.ledger else ():
                    most[order.order_id] = max(order.book.rules.maker_fee_bps, order.book.rules.taker_fee_bps)
            if isinstance(event, OrderPlaced):
                instrument = instruments[placed_by(command).symbol]
                most[event.order_id] = max(instrument.maker_fee_bps, instrument.taker_fee_bps)
            if isinstance(event, Trade):
                instrument = instruments[event.symbol]
                for order_id, charged, rate in (
                    (event.maker_order_id, event.maker_fee_bps, instrument.maker_fee_bps),
                    (event.taker_order_id, event.taker_fee_bps, instrument.taker_fee_bps),
                ):
                    has_ledger = engine.registry.orders[order_id].account.name in ledgers
                    assert charged == (min(rate, most[order_id]) if has_ledger else rate)


def test_random_tapes_reach_what_can_happen() -> None:
    """A guard of the strategy: always the same tapes, more of them until they have met all."""
    missing = set(ALL)
    for number in range(100):

        @seed(number)
        @settings(max_examples=60, deadline=None, database=None)
        @given(tapes)
        def look(tape: Tape) -> None:
            engine = Engine()
            encounters = Encounters(engine)
            for sequence, time, command in tape:
                missing.difference_update(encounters.of(command, engine.apply(sequence, time, command)))

        look()
        if not missing:
            break
    assert not missing


@examples
@given(tapes)
def test_an_order_bears_the_stamp_of_the_last_command_that_changed_it(tape: Tape) -> None:
    engine = Engine()
    changed: dict[int, tuple[int, int]] = {}
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            if isinstance(event, Trade):
                changed[event.maker_order_id] = changed[event.taker_order_id] = (sequence, time)
            elif not isinstance(event, OrderDuplicated) and (order_id := getattr(event, "order_id", None)) is not None:
                changed[order_id] = (sequence, time)
    for order in engine.registry.orders:
        stamp = order.updated_sequence or order.sequence, order.updated or order.timestamp
        assert changed.pop(order.order_id) == stamp
    assert not changed
