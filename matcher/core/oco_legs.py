"""The two orders that a PlaceOco asks for."""

from mypy_extensions import mypyc_attr

from protocol.commands import NO_TERMS, OrderTerms, PlaceOco
from protocol.units import STOP_LEG_SUFFIX, OrderType


@mypyc_attr(acyclic=True)
class Leg:
    """One of the two orders.

    name: its client_order_id.
    undated_terms: its terms without the expire_time.
    """

    __slots__ = ("name", "order_type", "price", "terms", "trigger_price", "undated_terms")

    def __init__(
        self,
        name: str | None,
        order_type: OrderType,
        price: int | None,
        trigger_price: int | None,
        undated_terms: OrderTerms,
        terms: OrderTerms,
    ) -> None:
        self.name = name
        self.order_type = order_type
        self.price = price
        self.trigger_price = trigger_price
        self.undated_terms = undated_terms
        self.terms = NO_TERMS if terms == NO_TERMS else terms


def legs_of(command: PlaceOco) -> tuple[Leg, Leg]:
    """The limit leg, which is a take-profit if it has a trigger price, and the stop leg."""
    stop_name = command.stop_client_order_id
    if stop_name is None and command.client_order_id is not None:
        stop_name = command.client_order_id + STOP_LEG_SUFFIX
    limit_type = OrderType.LIMIT
    if command.take_profit_trigger_price is not None:
        limit_type = OrderType.TAKE_PROFIT if command.price is None else OrderType.TAKE_PROFIT_LIMIT
    stop_type = OrderType.STOP_MARKET if command.stop_price is None else OrderType.STOP_LIMIT
    return (
        Leg(
            command.client_order_id,
            limit_type,
            command.price,
            command.take_profit_trigger_price,
            _limit_terms(command, 0),
            _limit_terms(command, command.expire_time),
        ),
        Leg(
            stop_name,
            stop_type,
            command.stop_price,
            command.stop_trigger_price,
            _stop_terms(command, 0),
            _stop_terms(command, command.expire_time),
        ),
    )


def _limit_terms(command: PlaceOco, expire_time: int) -> OrderTerms:
    return OrderTerms(
        post_only=command.post_only,
        self_trade_prevention=command.self_trade_prevention,
        expire_time=expire_time,
        display_quantity=command.display_quantity,
        time_in_force=command.time_in_force,
        tag=command.tag,
    )


def _stop_terms(command: PlaceOco, expire_time: int) -> OrderTerms:
    return OrderTerms(
        self_trade_prevention=command.self_trade_prevention,
        expire_time=expire_time,
        display_quantity=command.stop_display_quantity,
        time_in_force=command.stop_time_in_force,
        tag=command.stop_tag,
    )
