"""PATCH /orders/{order_id}: change an order without a moment in which it is not there."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.http.resources import Reply, json_reply, read_body
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments
from gateway.native.calls.bodies import body_decoder
from gateway.native.json.decimals import PRICE, QUANTITY, TRIGGER_PRICE, is_given, optional_number
from gateway.native.json.order_names import OrderName, order_of_path
from gateway.native.json.schemas import AmendRequest
from gateway.native.json.translate import order
from gateway.native.limits import Limits
from gateway.native.problems import ProblemError, expect, refusal_code
from protocol.commands import AmendOrder, OrderQuery
from protocol.events import CommandRefused, OrderState
from protocol.instrument import Instrument, format_decimal
from protocol.units import Refusal

_REFUSED: Final = {
    Refusal.PRICE_ON_WRONG_SIDE: (
        "price",
        "The limit leg of an OCO stays on its side of the stop leg's trigger_price.",
        409,
    ),
    Refusal.TRIGGER_PRICE_ON_WRONG_SIDE: (
        "trigger_price",
        "The stop leg of an OCO stays on its side of the limit leg's price.",
        409,
    ),
    Refusal.DISPLAY_QUANTITY_TOO_LARGE: (
        "quantity",
        "quantity takes at least {displayed}, the order's display_quantity.",
        422,
    ),
    Refusal.QUANTITY_BELOW_FILLED: (
        "quantity",
        "quantity takes more than {done}: so much is filled or prevented.",
        409,
    ),
}
"""Field, detail and status of the refusals that mean something else of an amend than of a new order, or name the
order's own numbers."""

_read_amend = body_decoder(AmendRequest)


def amend_order(request: AmendRequest, name: OrderName, instrument: Instrument) -> AmendOrder:
    """The command; ProblemError where a number does not fit the instrument's units."""
    order_id, account, client_order_id = name
    return AmendOrder(
        order_id,
        account,
        client_order_id,
        optional_number(request.quantity, QUANTITY, instrument.quantity_decimals),
        optional_number(request.price, PRICE, instrument.price_decimals),
        optional_number(request.trigger_price, TRIGGER_PRICE, instrument.price_decimals),
    )


class Amends:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def amend(self, scope: Scope, receive: Receive) -> Reply:
        """PATCH /orders/{order_id}"""
        name = order_of_path(scope)
        request = _read_amend(await read_body(receive))
        if not any(is_given(number) for number in (request.quantity, request.price, request.trigger_price)):
            raise ProblemError(
                "missing_field", "The call needs at least one of quantity, price and trigger_price.", "quantity"
            )
        # The numbers are in the units of the order's instrument, which never changes.
        known = expect(OrderState, (await self._broker.query(OrderQuery(*name))).value)
        instrument = await self._instruments.find(known.symbol)
        try:
            answer = (await self._broker.submit(amend_order(request, name, instrument))).value
            if isinstance(answer, CommandRefused) and answer.refusal in _REFUSED:
                raise await self._refused(answer.refusal, name, instrument)
            return json_reply(order(expect(OrderState, answer), instrument))
        except ProblemError as problem:
            raise await Limits(self._instruments).tell(problem, instrument) from problem

    async def _refused(self, refusal: Refusal, name: OrderName, instrument: Instrument) -> ProblemError:
        """The problem of a refusal of _REFUSED, with the numbers of the order as it is now."""
        known = expect(OrderState, (await self._broker.query(OrderQuery(*name))).value)
        field, detail, status = _REFUSED[refusal]
        displayed = 0 if known.terms is None else known.terms.display_quantity or 0
        numbers = {"displayed": displayed, "done": known.filled_quantity + known.prevented_quantity}
        texts = {name: format_decimal(number, instrument.quantity_decimals) for name, number in numbers.items()}
        return ProblemError(refusal_code(refusal), detail.format_map(texts), field, status)
