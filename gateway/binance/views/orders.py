"""Orders, as answers and events tell them."""

from collections.abc import Sequence
from typing import Any, Final

from gateway.binance.decimals import ZERO, fixed_text
from gateway.binance.symbols import joined
from gateway.binance.tags import kept_in
from gateway.binance.views.filters import price_text, quantity_text, value_text
from gateway.binance.views.market import Time
from gateway.binance.words import (
    LIMIT_MAKER,
    PREVENTION,
    SIDES,
    STATUS,
    TIME_IN_FORCE,
    TYPES,
    canceled_status,
    expiry_reason,
)
from protocol.commands import NO_TERMS, OrderTerms
from protocol.events import OrderState, Trade
from protocol.instrument import Instrument, format_fee
from protocol.order_types import WAITS
from protocol.units import OrderStatus, OrderType, Reason, TimeInForce

NO_LIST: Final = -1
"""The id of no list, and the time of what does not work yet."""

ACK: Final = "ACK"
RESULT: Final = "RESULT"
FULL: Final = "FULL"

View = dict[str, Any]

FOUND_NOTHING: Final = frozenset({Reason.NO_LIQUIDITY, Reason.QUOTE_QUANTITY_TOO_SMALL})

_PROFITS: Final = {"STOP_LOSS": "TAKE_PROFIT", "STOP_LOSS_LIMIT": "TAKE_PROFIT_LIMIT"}


def terms_of(state: OrderState) -> OrderTerms:
    return NO_TERMS if state.terms is None else state.terms


def type_word(order_type: OrderType, terms: OrderTerms) -> str:
    if order_type is OrderType.LIMIT and terms.post_only:
        return LIMIT_MAKER
    word = TYPES[order_type]
    return _PROFITS[word] if word in _PROFITS and kept_in(terms.tag).profit else word


def time_in_force_word(order_type: OrderType, terms: OrderTerms) -> str:
    """Types that have none are GTC."""
    match order_type:
        case OrderType.IOC:
            return TIME_IN_FORCE[TimeInForce.IOC]
        case OrderType.FOK:
            return TIME_IN_FORCE[TimeInForce.FOK]
    return TIME_IN_FORCE[terms.time_in_force]


def status_word(state: OrderState) -> str:
    return canceled_status(state.reason) if state.status is OrderStatus.CANCELED else STATUS[state.status]


def execution_id(sequence: int, place: int) -> int:
    """The id of one change of an order: the command's sequence, and the place of the change among all of its."""
    return (sequence << 20) + place


def client_id(state: OrderState) -> str:
    """What the order is called. The native API places orders without a name."""
    return state.client_order_id or f"native-{state.order_id}"


def list_id(state: OrderState) -> int:
    return NO_LIST if state.oco_id is None else state.oco_id


def original_quantity(state: OrderState) -> int:
    """What an order is for. One with a quote_quantity is for what it has filled."""
    return state.filled_quantity if state.unspent is not None else state.quantity


def was_entered(state: OrderState) -> bool:
    """Whether the dialect has the order. It has none that was rejected, or that is for an amount and found nothing."""
    if state.status is OrderStatus.REJECTED:
        return False
    return state.unspent is None or state.filled_quantity > 0 or state.reason not in FOUND_NOTHING


def stop_price(state: OrderState, terms: OrderTerms) -> int | None:
    """The stopPrice as it was sent. That of a trailing stop is its activation_price."""
    trails = state.order_type in (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
    return terms.activation_price if trails else state.trigger_price


def trailing_since(state: OrderState, terms: OrderTerms) -> int | None:
    """The time since which a trailing stop follows the price. None before, and where nobody has noted it."""
    return state.timestamp if terms.activation_price is None else state.active_since


def ack_view(state: OrderState, instrument: Instrument, time: Time) -> View:
    """The answer ACK to a new order, which all others begin with."""
    return {
        "symbol": joined(instrument),
        "orderId": state.order_id,
        "orderListId": list_id(state),
        "clientOrderId": client_id(state),
        "transactTime": time(state.timestamp),
    }


def result_view(state: OrderState, instrument: Instrument, time: Time) -> View:
    terms = terms_of(state)
    view = ack_view(state, instrument, time)
    view |= _amounts(state, instrument, terms)
    view["status"] = status_word(state)
    view |= _kind(state, terms)
    view["workingTime"] = working_time(state, time)
    view["selfTradePreventionMode"] = PREVENTION[terms.self_trade_prevention]
    view |= conditional_view(state, instrument, terms, time)
    view |= _expiry(state)
    return view


def full_view(state: OrderState, instrument: Instrument, time: Time) -> View:
    view = result_view(state, instrument, time)
    view["fills"] = fill_views(state, state.trades, instrument)
    return view


RESPONSES: Final = {ACK: ack_view, RESULT: result_view, FULL: full_view}


def fill_views(state: OrderState, trades: Sequence[Trade], instrument: Instrument) -> list[View]:
    """The order's trades. Those with an order of its own account show the side of this order."""
    return [
        {
            "price": price_text(instrument, trade.price),
            "qty": quantity_text(instrument, trade.quantity),
            "commission": commission(instrument, trade, is_maker=trade.maker_order_id == state.order_id),
            "commissionAsset": instrument.quote,
            "tradeId": trade.trade_id,
        }
        for trade in trades
    ]


def commission(instrument: Instrument, trade: Trade, *, is_maker: bool) -> str:
    """The exact fee of one side, in the quote currency."""
    rate = trade.maker_fee_bps if is_maker else trade.taker_fee_bps
    return fixed_text(format_fee(instrument, trade.price, trade.quantity, rate))


def cancel_view(state: OrderState, instrument: Instrument, time: Time, cancel_id: str) -> View:
    """An order that is canceled. `cancel_id` is what the cancel is called."""
    terms = terms_of(state)
    return {
        "symbol": joined(instrument),
        "origClientOrderId": client_id(state),
        "orderId": state.order_id,
        "orderListId": list_id(state),
        "clientOrderId": cancel_id,
        "transactTime": time(state.updated),
        **_amounts(state, instrument, terms),
        "status": status_word(state),
        **_kind(state, terms),
        "selfTradePreventionMode": PREVENTION[terms.self_trade_prevention],
        **conditional_view(state, instrument, terms, time),
    }


def query_view(state: OrderState, instrument: Instrument, time: Time) -> View:
    """An order as look-ups and lists tell it."""
    terms = terms_of(state)
    amounts = _amounts(state, instrument, terms)
    quote_quantity = amounts.pop("origQuoteOrderQty")
    waits = WAITS[state.order_type]
    return {
        "symbol": joined(instrument),
        "orderId": state.order_id,
        "orderListId": list_id(state),
        "clientOrderId": client_id(state),
        **amounts,
        "status": status_word(state),
        **_kind(state, terms),
        "stopPrice": ZERO,
        "icebergQty": ZERO,
        "time": time(state.timestamp),
        "updateTime": time(state.updated),
        "isWorking": not waits or state.working_since is not None,
        "workingTime": working_time(state, time),
        "origQuoteOrderQty": quote_quantity,
        "selfTradePreventionMode": PREVENTION[terms.self_trade_prevention],
        **conditional_view(state, instrument, terms, time),
        **_expiry(state),
    }


def amended_view(state: OrderState, instrument: Instrument, time: Time) -> View:
    """The order after an amend of its quantity."""
    terms = terms_of(state)
    quote_quantity = 0 if terms.quote_quantity is None else terms.quote_quantity
    return {
        "symbol": joined(instrument),
        "orderId": state.order_id,
        "orderListId": list_id(state),
        "origClientOrderId": state.previous_client_order_id or client_id(state),
        "clientOrderId": client_id(state),
        "price": _price(state, instrument),
        "qty": quantity_text(instrument, state.quantity),
        "executedQty": quantity_text(instrument, state.filled_quantity),
        "preventedQty": quantity_text(instrument, state.prevented_quantity),
        "quoteOrderQty": value_text(instrument, quote_quantity),
        "cumulativeQuoteQty": value_text(instrument, state.filled_value),
        "status": status_word(state),
        **_kind(state, terms),
        "workingTime": working_time(state, time),
        "selfTradePreventionMode": PREVENTION[terms.self_trade_prevention],
        **conditional_view(state, instrument, terms, time),
    }


def conditional_view(state: OrderState, instrument: Instrument, terms: OrderTerms, time: Time) -> View:
    """What is told only of orders that have it."""
    view: View = {}
    if (price := stop_price(state, terms)) is not None:
        view["stopPrice"] = price_text(instrument, price)
    if terms.display_quantity is not None:
        view["icebergQty"] = quantity_text(instrument, terms.display_quantity)
    if terms.trailing_bps is not None:
        view["trailingDelta"] = terms.trailing_bps
        since = trailing_since(state, terms)
        if since is not None:
            view["trailingTime"] = time(since)
        elif state.trigger_price is None:
            view["trailingTime"] = NO_LIST
    if terms.tag is not None:
        kept = kept_in(terms.tag)
        if kept.strategy is not None:
            view["strategyId"] = kept.strategy
        if kept.strategy_type is not None:
            view["strategyType"] = kept.strategy_type
    if state.prevented_match_id:
        view["preventedMatchId"] = state.prevented_match_id
    if state.prevented_quantity:
        view["preventedQuantity"] = quantity_text(instrument, state.prevented_quantity)
    return view


def working_time(state: OrderState, time: Time) -> int:
    return NO_LIST if state.working_since is None else time(state.working_since)


def _price(state: OrderState, instrument: Instrument) -> str:
    return price_text(instrument, state.price or 0)


def _amounts(state: OrderState, instrument: Instrument, terms: OrderTerms) -> View:
    return {
        "price": _price(state, instrument),
        "origQty": quantity_text(instrument, original_quantity(state)),
        "executedQty": quantity_text(instrument, state.filled_quantity),
        "origQuoteOrderQty": value_text(instrument, terms.quote_quantity or 0),
        "cummulativeQuoteQty": value_text(instrument, state.filled_value),
    }


def _kind(state: OrderState, terms: OrderTerms) -> View:
    return {
        "timeInForce": time_in_force_word(state.order_type, terms),
        "type": type_word(state.order_type, terms),
        "side": SIDES[state.side],
    }


def _expiry(state: OrderState) -> View:
    reason = expiry_reason(state.reason) if state.status is OrderStatus.CANCELED else None
    return {} if reason is None else {"expiryReason": reason}
