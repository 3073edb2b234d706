"""What random tapes must meet: every event, reason and refusal of the engine, and orders whose terms are in each
other's way."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from matcher.core.client_ids import has_open_only_id
from matcher.core.order import Order
from matcher.engine import Engine
from protocol.commands import (
    AdvanceTime,
    AmendOrder,
    CancelReplace,
    MoveTimers,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    SetInstrument,
)
from protocol.events import (
    AccountSet,
    AccountWatched,
    CancelFailed,
    CommandRefused,
    Event,
    InstrumentSet,
    LedgerSet,
    MoneyMoved,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderDuplicated,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderTriggered,
    PlaceFailed,
    Trade,
    TransferDuplicated,
    TriggerMoved,
)
from protocol.order_types import STOPS
from protocol.units import OrderType, Reason, Refusal, SelfTradePrevention, Side

NOT_BY_TAPES = (
    Refusal.TOO_MANY_INSTRUMENTS,
    Refusal.INVALID_SAVED_BOOK,
    Refusal.SAVED_BOOK_TOO_LARGE,
    Refusal.SAVE_FAILED,
    Refusal.TOO_MANY_TIMERS,
    Refusal.UNKNOWN_KEY,
    Refusal.KEY_CONFLICT,
    Refusal.TOO_MANY_KEYS,
    Refusal.INVALID_KEY,
    Refusal.WRONG_SHARD,
)
"""Books are not loaded, one matcher has all symbols, keys have nothing to do with orders, and bounds are far away."""

BOUNDS = (Reason.PRICE_OUTSIDE_BAND, Reason.PRICE_BAND, Reason.SLIPPAGE)

OCO_REJECTED = {
    Reason.PRICE_OUTSIDE_BAND: "an OCO is outside the band",
    Reason.NOTIONAL_TOO_LARGE: "an OCO is too large",
    Reason.TOO_MANY_OPEN_ORDERS: "an OCO is one order too many",
}

EVENTS = (
    *(OrderPlaced, OrderTriggered, OrderAmended, OrderDuplicated, OrderReduced, OrderDecremented, TriggerMoved),
    *(CancelFailed, PlaceFailed),
    *(Trade, InstrumentSet, AccountSet, AccountWatched, MoneyMoved, TransferDuplicated, LedgerSet),
)

ALL: frozenset[object] = frozenset(
    (
        *EVENTS,
        *(repr(refusal) for refusal in Refusal if refusal not in NOT_BY_TAPES),
        *(repr(reason) for reason in Reason if reason is not Reason.BOOK_REPLACED),
        *(f"{mode.name} prevents" for mode in SelfTradePrevention if mode is not SelfTradePrevention.NONE),
        *("a replacement trades", "a replacement is rejected", "a replaced OCO"),
        *("an amend renames: open-only", "an amend renames: for good"),
        *("an order sweeps", "an amend trades", "three fire and trade"),
        "an iceberg is taken part by part",
        "an iceberg is decremented",
        "an iceberg ends by self-trade prevention in a cascade",
        "an iceberg that has traded expires",
        "a trailing stop that has moved fires",
        "a quote_quantity is filled by several makers",
        "a quote_quantity is prevented in part",
        "a quote_quantity ends in part by max_slippage_bps",
        "an order that has traded ends by SLIPPAGE",
        *(f"a fired order ends by {what}" for what in ("PRICE_OUTSIDE_BAND", "PRICE_BAND", "SLIPPAGE")),
        *("an OCO is outside the band", "an OCO is too large", "an OCO is one order too many"),
        *("a move halts", "a cascade halts", "a halt ends by itself"),
        "a leg trades in part",
        "a leg is decremented",
        *(
            f"a leg ends the other: {how}"
            for how in ("FILLED", "FIRED", "REQUESTED", "SELF_TRADE", "EXPIRED", "CANCEL_AFTER")
        ),
        *("a first trade ends the other leg", "a fired leg ends a stop", "a fired leg ends another"),
        *(
            f"an amend of {what}"
            for what in ("an iceberg", "a trailing stop", "a limit leg", "a stop leg", "what was decremented")
        ),
    )
)


class Encounters:
    """Follows an engine and tells what each command has met."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._moves: Counter[int] = Counter()
        self._halts: dict[str, int] = {}

    def of(self, command: OwnCommand, events: list[Event]) -> Iterator[object]:
        for event in events:
            match event:
                case CommandRefused(refusal):
                    yield repr(refusal)
                case CancelFailed(refusal) | PlaceFailed(refusal):
                    yield repr(refusal)
                    yield type(event)
                case OrderRejected(_, reason) | OrderCanceled(_, _, reason):
                    yield repr(reason)
                case _:
                    yield type(event)
        yield from self._of_trades(command, [event for event in events if isinstance(event, Trade)])
        yield from self._of_prevention(command, events)
        yield from self._of_legs(events)
        yield from self._of_protection(command, events)
        yield from self._of_halts(command, events)
        for event in events:
            if isinstance(event, TriggerMoved):
                self._moves[event.order_id] += 1
            if isinstance(event, OrderTriggered) and self._moves[event.order_id] > 1:
                yield "a trailing stop that has moved fires"
            if isinstance(event, OrderAmended) and isinstance(command, AmendOrder):
                yield from (f"an amend of {what}" for what in kinds_of(self._engine.registry.orders[event.order_id]))
            if isinstance(event, OrderAmended) and event.client_order_id is not None:
                open_only = has_open_only_id(self._engine.registry.orders[event.order_id])
                yield f"an amend renames: {'open-only' if open_only else 'for good'}"
        if isinstance(command, CancelReplace):
            yield from self._of_replacement(events)
        if sum(isinstance(event, OrderTriggered) for event in events) >= 3 and isinstance(events[-1], Trade):
            yield "three fire and trade"

    def _of_replacement(self, events: list[Event]) -> Iterator[str]:
        if not isinstance(events[0], OrderCanceled):
            return
        if isinstance(events[-1], OrderRejected):
            yield "a replacement is rejected"
        if any(isinstance(event, Trade) for event in events):
            yield "a replacement trades"
        if isinstance(events[1], OrderCanceled) and events[1].reason is Reason.OCO:
            yield "a replaced OCO"

    def _of_trades(self, command: OwnCommand, trades: list[Trade]) -> Iterator[str]:
        if trades and isinstance(command, AmendOrder):
            yield "an amend trades"
        if len(trades) > 1 and isinstance(command, PlaceOrder | PlaceOco):
            yield "an order sweeps"
        for earlier, later in pairwise(trades):
            if (
                earlier.taker_order_id == later.taker_order_id
                and terms_of(self._engine.registry.orders[later.taker_order_id]).quote_quantity
            ):
                yield "a quote_quantity is filled by several makers"
        pairs = Counter((trade.maker_order_id, trade.taker_order_id) for trade in trades)
        if max(pairs.values(), default=0) > 1:
            yield "an iceberg is taken part by part"

    def _of_prevention(self, command: OwnCommand, events: list[Event]) -> Iterator[str]:
        in_cascade = False
        for event in events:
            match event:
                case OrderTriggered():
                    in_cascade = True
                case OrderDecremented(order_id) | OrderCanceled(order_id, _, Reason.SELF_TRADE):
                    terms = terms_of(self._engine.registry.orders[order_id])
                    if isinstance(command, PlaceOrder) and command.terms is not None and not in_cascade:
                        yield f"{command.terms.self_trade_prevention.name} prevents"
                    if isinstance(event, OrderDecremented):
                        yield from ["an iceberg is decremented"] if terms.display_quantity else []
                        yield from ["a quote_quantity is prevented in part"] if terms.quote_quantity else []
                    elif terms.display_quantity and in_cascade:
                        yield "an iceberg ends by self-trade prevention in a cascade"
                case OrderCanceled(order_id, _, Reason.EXPIRED):
                    order = self._engine.registry.orders[order_id]
                    yield from (
                        ["an iceberg that has traded expires"]
                        if terms_of(order).display_quantity and order.filled_value
                        else []
                    )

    def _of_protection(self, command: OwnCommand, events: list[Event]) -> Iterator[str]:
        fired = {event.order_id for event in events if isinstance(event, OrderTriggered)}
        for event in events:
            match event:
                case OrderCanceled(order_id, _, reason) if reason in BOUNDS:
                    if self._engine.registry.orders[order_id].filled_value:
                        yield f"an order that has traded ends by {reason.name}"
                    if order_id in fired:
                        yield f"a fired order ends by {reason.name}"
                case OrderRejected(_, reason) if isinstance(command, PlaceOco) and reason in OCO_REJECTED:
                    yield OCO_REJECTED[reason]
        if isinstance(command, PlaceOrder) and isinstance(events[0], OrderPlaced):
            order = self._engine.registry.orders[events[0].order_id]
            opposite = order.book.asks if order.side is Side.BUY else order.book.bids
            if terms_of(order).quote_quantity and order.filled_value and opposite.keys:
                slippage, band = terms_of(order).max_slippage_bps, order.book.rules.price_band_bps
                trades = [event for event in events if isinstance(event, Trade)]
                beyond = abs(opposite.keys[-1])
                if slippage and abs(beyond - trades[0].price) * 10_000 > trades[0].price * slippage:
                    yield "a quote_quantity ends in part by max_slippage_bps"
                elif band and abs(beyond - trades[0].price) * 10_000 > trades[0].price * band:
                    yield "a quote_quantity ends in part by price_band_bps"

    def _of_halts(self, command: OwnCommand, events: list[Event]) -> Iterator[str]:
        for event in events:
            if not isinstance(event, InstrumentSet):
                continue
            symbol, until = event.instrument.symbol, event.instrument.halted_until
            before = self._halts.get(symbol, 0)
            self._halts[symbol] = until
            match command:
                case AdvanceTime():
                    yield "a halt ends by itself"
                case MoveTimers():
                    yield "the end of a halt moves"
                case SetInstrument():
                    yield from ["a status ends a halt"] if before and not until else []
                case AmendOrder():
                    yield "an amend halts"
                case _:
                    yield "a move halts"
                    yield from ["a cascade halts"] if any(isinstance(event, OrderTriggered) for event in events) else []

    def _of_legs(self, events: list[Event]) -> Iterator[str]:
        for before, event in pairwise(events):
            match event, before:
                case OrderReduced(), OrderDecremented():
                    yield "a leg is decremented"
                case OrderReduced(), _:
                    yield "a leg trades in part"
                case OrderCanceled(reason=Reason.OCO), OrderTriggered():
                    yield "a leg ends the other: FIRED"
                case OrderCanceled(reason=Reason.OCO | Reason.OCO_CANCELED), OrderCanceled(reason=reason):
                    yield f"a leg ends the other: {reason.name}"
                case OrderCanceled(reason=Reason.OCO), Trade():
                    yield "a leg ends the other: FILLED"
                case OrderCanceled(reason=Reason.OCO_TRIGGERED), Trade():
                    yield "a first trade ends the other leg"
                case OrderCanceled(order_id, _, Reason.OCO_TRIGGERED), OrderTriggered():
                    order = self._engine.registry.orders[order_id]
                    yield "a fired leg ends a stop" if STOPS[order.order_type] else "a fired leg ends another"


def terms_of(order: Order) -> OrderTerms:
    return order.extra.terms if order.extra is not None else OrderTerms()


def kinds_of(order: Order) -> Iterator[str]:
    """What an amended order is besides a plain one."""
    special = order.extra
    if special is not None:
        if special.terms.display_quantity:
            yield "an iceberg"
        if order.order_type in (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT):
            yield "a trailing stop"
        if special.partner is not None:
            yield "a limit leg" if order.order_type is OrderType.LIMIT else "a stop leg"
        if special.prevented:
            yield "what was decremented"
