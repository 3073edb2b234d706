"""The execution report of one change of an order."""

from collections.abc import Callable
from typing import Any, Final

from gateway.binance.decimals import ZERO
from gateway.binance.symbols import joined
from gateway.binance.tags import kept_in
from gateway.binance.views.filters import price_text, quantity_text, value_text
from gateway.binance.views.orders import (
    client_id,
    commission,
    execution_id,
    list_id,
    stop_price,
    terms_of,
    time_in_force_word,
    trailing_since,
    type_word,
)
from gateway.binance.words import PREVENTION, SIDES, canceled_status, expiry_reason
from protocol.events import (
    AccountUpdate,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderChange,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderState,
    OrderTriggered,
    Trade,
)
from protocol.instrument import Instrument
from protocol.running_totals import Totals
from protocol.units import OrderStatus, Reason

NEW: Final = "NEW"
TRADE: Final = "TRADE"
REPLACED: Final = "REPLACED"
PREVENTED: Final = "TRADE_PREVENTION"
PARTIALLY_FILLED: Final = "PARTIALLY_FILLED"
FILLED: Final = "FILLED"

LIVE_WORDS: Final = frozenset({NEW, PARTIALLY_FILLED})

NO_TRADE: Final = -1
NO_GROUP: Final = -1

NO_REASON: Final = "NONE"

Time = Callable[[int], int]
Report = dict[str, Any]

REPORTED: Final = (OrderPlaced, OrderTriggered, Trade, OrderCanceled, OrderAmended, OrderReduced, OrderDecremented)
"""Events that make a report. An order that is rejected at entry makes none."""


class Change:
    """One change and what is known of its order.

    place: of the change among those of its update. is_last_trade: whether the order trades no more in the command.
    waits: whether the order waits for a trigger after the change.
    """

    __slots__ = ("event", "instrument", "is_last_trade", "is_maker", "place", "state", "terms", "totals", "waits")

    def __init__(
        self, change: OrderChange, state: OrderState, instrument: Instrument, totals: Totals, place: int
    ) -> None:
        self.event: Event = change.event
        self.state = state
        self.terms = terms_of(state)
        self.instrument = instrument
        self.totals = totals
        self.place = place
        self.is_last_trade = False
        self.is_maker = False
        self.waits = False

    def status(self) -> str:
        """The status of the order after the change."""
        event, state = self.event, self.state
        if isinstance(event, OrderCanceled):
            return canceled_status(event.reason)
        if isinstance(event, Trade) and self.is_last_trade and state.status is OrderStatus.FILLED:
            return FILLED
        if isinstance(event, OrderAmended) and state.status is OrderStatus.FILLED:
            done = self.totals.filled_quantity == self.totals.quantity
            return FILLED if done else self._live()
        return self._live()

    def _live(self) -> str:
        return PARTIALLY_FILLED if self.totals.filled_quantity else NEW

    def execution(self) -> str:
        """What has happened."""
        match self.event:
            case OrderPlaced() | OrderTriggered():
                return NEW
            case Trade():
                return TRADE
            case OrderCanceled(reason=Reason.SELF_TRADE) | OrderDecremented():
                return PREVENTED
            case OrderCanceled(reason=reason):
                return canceled_status(reason)
        return REPLACED


def report(update: AccountUpdate, change: Change, time: Time) -> Report:
    """The report, in the order of the contract."""
    state, instrument, terms, totals, event = change.state, change.instrument, change.terms, change.totals, change.event
    status, execution = change.status(), change.execution()
    number = execution_id(update.sequence, change.place)
    name, before = _names(change, status, number)
    told_at = time(update.timestamp)
    trade = event if isinstance(event, Trade) else None
    shown: Report = {
        "e": "executionReport",
        "E": told_at,
        "s": joined(instrument),
        "c": name,
        "S": SIDES[state.side],
        "o": type_word(state.order_type, terms),
        "f": time_in_force_word(state.order_type, terms),
        "q": quantity_text(instrument, totals.filled_quantity if state.unspent is not None else totals.quantity),
        "p": price_text(instrument, state.price or 0),
        "P": price_text(instrument, stop_price(state, terms) or 0),
        "F": quantity_text(instrument, terms.display_quantity or 0),
        "g": list_id(state),
        "C": before,
        "x": execution,
        "X": status,
        "r": NO_REASON,
        "i": state.order_id,
        "l": quantity_text(instrument, 0 if trade is None else trade.quantity),
        "z": quantity_text(instrument, totals.filled_quantity),
        "L": price_text(instrument, 0 if trade is None else trade.price),
        **_fee(change, trade),
        "T": told_at,
        "t": NO_TRADE if trade is None else trade.trade_id,
        "I": number,
        "w": status in LIVE_WORDS and not change.waits,
        "m": trade is not None and change.is_maker,
        "M": False,
        "O": time(state.timestamp),
        "Z": value_text(instrument, totals.filled_value),
        "Y": value_text(instrument, 0 if trade is None else trade.price * trade.quantity),
        "Q": value_text(instrument, terms.quote_quantity or 0),
        "V": PREVENTION[terms.self_trade_prevention],
    }
    if state.working_since is not None and not change.waits:
        shown["W"] = time(state.working_since)
    shown |= _trailing(change, time)
    kept = kept_in(terms.tag)
    if kept.strategy is not None:
        shown["j"] = kept.strategy
    if kept.strategy_type is not None:
        shown["J"] = kept.strategy_type
    if isinstance(event, OrderCanceled) and (expired := expiry_reason(event.reason)) is not None:
        shown["eR"] = expired
    return shown | _prevention(change, execution)


def _names(change: Change, status: str, number: int) -> tuple[str, str]:
    """The client ids `c` and `C`. A cancel has one of its own."""
    name = client_id(change.state)
    match change.event:
        case OrderCanceled() as canceled if status == "CANCELED":
            return canceled.cancel_client_order_id or f"cancel-{number}", name
        case OrderAmended() as amended:
            return amended.client_order_id or name, amended.previous_client_order_id or name
    return name, ""


def _fee(change: Change, trade: Trade | None) -> Report:
    if trade is None:
        return {"n": "0", "N": None}
    fee = commission(change.instrument, trade, is_maker=change.is_maker)
    return {"n": "0", "N": None} if fee == ZERO else {"n": fee, "N": change.instrument.quote}


def _trailing(change: Change, time: Time) -> Report:
    terms, state = change.terms, change.state
    if terms.trailing_bps is None:
        return {}
    since = trailing_since(state, terms)
    return {"d": terms.trailing_bps, **({} if since is None else {"D": time(since)})}


def _prevention(change: Change, execution: str) -> Report:
    """What self-trade prevention has taken off the order."""
    if not change.totals.prevented_quantity:
        return {}
    instrument, event = change.instrument, change.event
    shown: Report = {"A": quantity_text(instrument, change.totals.prevented_quantity)}
    if execution != PREVENTED:
        return shown
    last, counter, price, match = 0, 0, 0, 0
    if isinstance(event, OrderDecremented):
        last, counter, price = event.quantity, event.counter_order_id, event.counter_price
        match = event.prevented_match_id
    elif isinstance(event, OrderCanceled):
        last, counter, price = event.prevented_quantity or event.quantity, event.counter_order_id, event.counter_price
        # Nothing has come after it.
        match = change.state.prevented_match_id
    if match:
        shown["v"] = match
    shown |= {"B": quantity_text(instrument, last), "u": NO_GROUP}
    if counter:
        shown |= {
            "U": counter,
            "pl": quantity_text(instrument, last),
            "pL": price_text(instrument, price),
            "pY": value_text(instrument, price * last),
        }
    return shown
