"""Commands and names of orders, made of what users give."""

from collections.abc import Callable
from typing import TypeVar

from matching_exchange.client.calls.requests import NewOrder
from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.zmq import units
from matching_exchange.client.zmq.steps import Ask, Known, Step, Told
from protocol.commands import NO_TERMS, InstrumentsQuery, OrderTerms, PlaceOrder
from protocol.instrument import Instrument
from protocol.units import SelfTradePrevention, TimeInForce

T = TypeVar("T")

OrderName = tuple[int | None, str | None, str | None]
"""order_id, account and client_order_id, as commands and queries name an order."""


def order_name(known: Known, order_id: int | str | None, client_order_id: str | None, account: str | None) -> OrderName:
    """How a command names an order. InvalidValue unless exactly one of order_id and client_order_id is given."""
    if (order_id is None) == (client_order_id is None):
        raise InvalidValue("The call takes an order_id or a client_order_id.", "order_id")
    if client_order_id is not None:
        return None, account or known.account, client_order_id
    return units.whole(order_id, "order_id"), account, None


def with_instrument(known: Known, symbol: str, then: Callable[[Instrument], Step[T]]) -> Step[T]:
    """Go on with the instrument. If it is not known, it is asked for first. Raises NotFound where there is none."""
    if not isinstance(symbol, str):
        raise units.unknown_symbol(symbol)
    if known.knows(symbol):
        return then(known.instruments[symbol])

    def read(told: Told) -> Step[T]:
        known.learn(told.value)
        if not known.knows(symbol):
            raise units.unknown_symbol(symbol)
        return then(known.instruments[symbol])

    return Ask(InstrumentsQuery(symbol), read)


def place_command(known: Known, order: NewOrder, instrument: Instrument, account: str | None = None) -> PlaceOrder:
    """The command of a new order. `account`: of one that names none, in place of the client's."""
    return PlaceOrder(
        instrument.symbol,
        order.account or account or known.account,
        units.member(order.side, units.SIDES, "side"),
        units.member(order.order_type, units.ORDER_TYPES, "order_type"),
        units.quantity(order.quantity, "quantity", instrument) or 0,
        units.price(order.price, "price", instrument),
        units.price(order.trigger_price, "trigger_price", instrument),
        order.client_order_id,
        known.deadline(),
        _terms(order, instrument),
        units.flag(order.open_only_client_order_id, "open_only_client_order_id"),
    )


def _terms(order: NewOrder, instrument: Instrument) -> OrderTerms | None:
    """None if all are as their defaults."""
    prevention, in_force = order.self_trade_prevention, order.time_in_force
    terms = OrderTerms(
        units.flag(order.post_only, "post_only"),
        SelfTradePrevention.NONE
        if prevention is None
        else units.member(prevention, units.SELF_TRADE_PREVENTIONS, "self_trade_prevention"),
        units.time(order.expire_time, "expire_time"),
        units.quantity(order.display_quantity, "display_quantity", instrument),
        units.value(order.quote_quantity, "quote_quantity", instrument),
        order.trailing_bps,
        units.price(order.trailing_amount, "trailing_amount", instrument),
        units.price(order.activation_price, "activation_price", instrument),
        order.max_slippage_bps,
        units.flag(order.reject_if_triggered, "reject_if_triggered"),
        TimeInForce.GTC if in_force is None else units.member(in_force, units.TIMES_IN_FORCE, "time_in_force"),
        order.tag,
    )
    return None if terms == NO_TERMS else terms
