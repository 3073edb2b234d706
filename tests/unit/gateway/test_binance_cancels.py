"""A cancel is sent as it comes, without a look-up before it: the next call of its connection need not wait."""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from gateway.binance.parameters import Values
from gateway.binance.rows.finding import NOBODYS
from gateway.binance.table import NAMED
from gateway.link.errors import RefusedError
from protocol.commands import CancelOrder, CancelReplace
from protocol.units import MAX_INTEGER, OnlyStatus, Refusal
from tests.unit.gateway.fakes import BTC, DEADLINE

if TYPE_CHECKING:
    from gateway.binance.desk import Context


class Orders:
    """Takes commands, and knows no order. There is nothing else to ask."""

    def __init__(self) -> None:
        self.sent: list[CancelOrder | CancelReplace] = []

    def deadline(self) -> int:
        return DEADLINE

    async def cancel(self, command: CancelOrder) -> Any:
        self.sent.append(command)
        raise RefusedError(Refusal.UNKNOWN_ORDER)

    cancel_replace = cancel


def sent_by(method: str, values: dict[str, Any]) -> CancelOrder | CancelReplace:
    """The command that the call sends first."""
    orders = Orders()
    context = cast("Context", SimpleNamespace(account="bob", exchange=SimpleNamespace(orders=orders)))
    with pytest.raises(RefusedError):
        asyncio.run(_run(method, context, values))
    [command] = orders.sent
    return command


async def _run(method: str, context: "Context", values: dict[str, Any]) -> None:
    await NAMED[method].call(context, Values({"symbol": BTC, **values}))


@pytest.mark.parametrize(
    ("values", "order_id", "client_order_id", "only"),
    [
        ({"orderId": 42}, 42, None, None),
        ({"origClientOrderId": "mine"}, None, "mine", None),
        ({"orderId": 42, "origClientOrderId": "mine"}, 42, "mine", None),
        ({"orderId": 42, "cancelRestrictions": "ONLY_NEW"}, 42, None, OnlyStatus.NEW),
        # What no order can be called fails in the matcher, as any other id.
        ({"orderId": 0}, NOBODYS, None, None),
        ({"orderId": MAX_INTEGER, "origClientOrderId": "mine"}, NOBODYS, "mine", None),
        ({"origClientOrderId": "a/b"}, NOBODYS, None, None),
        ({"orderId": 42, "origClientOrderId": "x" * 100}, NOBODYS, None, None),
    ],
)
def test_a_cancel_names_the_order_to_the_matcher(
    values: dict[str, Any], order_id: int | None, client_order_id: str | None, only: OnlyStatus | None
) -> None:
    command = sent_by("order.cancel", {**values, "newClientOrderId": "the-cancel"})
    assert command == CancelOrder(order_id, "bob", client_order_id, only, "the-cancel", "BTC-USDT")


def test_so_does_a_cancel_replace() -> None:
    new = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "100"}
    values = {**new, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "mine"}
    context = {"cancelNewClientOrderId": "the-cancel", "selfTradePreventionMode": "NONE"}
    command = sent_by("order.cancelReplace", {**values, **context})
    assert isinstance(command, CancelReplace)
    assert command.cancel == CancelOrder(None, "bob", "mine", None, "the-cancel", "BTC-USDT")
    assert (command.place.account, command.place.price, command.allow_failure) == ("bob", 10_000, False)
