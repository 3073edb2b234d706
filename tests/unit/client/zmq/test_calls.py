"""What calls make of what users give, and what users get of answers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from matching_exchange.client.calls.requests import NewOrder
from matching_exchange.client.errors import Conflict, ExchangeError, InvalidValue, NotFound, Refused
from matching_exchange.client.types.orders import CanceledOrders, Order
from matching_exchange.client.types.words import OrderStatus as Status
from matching_exchange.client.zmq.calls import accounts, markets, orders
from matching_exchange.client.zmq.steps import Ask, Known, Send, Step, Told
from protocol import events
from protocol.commands import (
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    InstrumentsQuery,
    OrderQuery,
    OrdersQuery,
    OrderTerms,
    PlaceOco,
    PlaceOrder,
)
from protocol.events import CommandRefused, InstrumentList, OrderResult, OrderState, OrderStates
from protocol.instrument import Instrument
from protocol.units import (
    OnlyStatus,
    OrderStatus,
    OrderType,
    Reason,
    Refusal,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

INSTRUMENT = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 10**12, 10**12, 0, 10, 20)
STATE = OrderState(
    7, "x", "ann", "BTC-USDT", Side.BUY, OrderType.LIMIT, 600_001, None, OrderStatus.PARTIALLY_FILLED, True,
    150_000, 50_000, 100_000, 30_000_050_000, None, 3, 1_000, [],
)  # fmt: skip

T = TypeVar("T")


@pytest.fixture
def known() -> Known:
    known = Known("ann", lambda: 77)
    known.instruments["BTC-USDT"] = INSTRUMENT
    return known


def sent(step: Step[T]) -> Any:
    assert isinstance(step, Send)
    return step.command


def told(step: Step[T], value: events.Answer | events.Result) -> T | Step[T]:
    return step.read(Told(value, 9, 1_000))


def test_an_order_in_units(known: Known) -> None:
    step = orders.place(known, "BTC-USDT", "buy", quantity="1.5", price=Decimal("6000.01"), client_order_id="x")
    assert sent(step) == PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 150_000, 600_001, None, "x", 77)
    assert isinstance(step, Send)
    assert step.client_order_id == "x"


@pytest.mark.parametrize("price", ["6000", 6000, Decimal(6000), "6e3", "6000.00"])
def test_all_exact_numbers_are_taken(known: Known, price: str | int | Decimal) -> None:
    assert sent(orders.place(known, "BTC-USDT", "sell", quantity=1, price=price)).price == 600_000


def test_every_term_in_units(known: Known) -> None:
    step = orders.place(
        known,
        "BTC-USDT",
        "sell",
        "trailing_stop_limit",
        quantity="2",
        price="5",
        account="bob",
        post_only=True,
        self_trade_prevention="decrement",
        expire_time=datetime(2030, 1, 1, tzinfo=UTC),
        display_quantity="0.5",
        quote_quantity="0.0000001",
        trailing_bps=9,
        trailing_amount="0.02",
        activation_price="7",
        max_slippage_bps=3,
        open_only_client_order_id=True,
        reject_if_triggered=True,
        time_in_force="fok",
        tag="t",
    )
    command = sent(step)
    assert (command.account, command.open_only_client_order_id) == ("bob", True)
    assert command.terms == OrderTerms(
        True, SelfTradePrevention.DECREMENT, 1_893_456_000_000_000_000, 50_000, 1, 9, 2, 700, 3, True, TimeInForce.FOK, "t"
    )  # fmt: skip


FIELDS = [
    "quantity",
    "price",
    "trigger_price",
    "display_quantity",
    "quote_quantity",
    "trailing_amount",
    "activation_price",
]


@pytest.mark.parametrize("field", FIELDS)
def test_a_float_is_refused_by_its_name(known: Known, field: str) -> None:
    given: dict[str, Any] = {"quantity": "1", "price": "1", field: 0.5}
    with pytest.raises(InvalidValue, match=f"{field} takes no float: 0.5") as caught:
        orders.place(known, "BTC-USDT", "buy", **given)
    assert caught.value.field == field


OCO_FIELDS = [
    "quantity",
    "price",
    "take_profit_trigger_price",
    "stop_trigger_price",
    "stop_price",
    "display_quantity",
    "stop_display_quantity",
]


@pytest.mark.parametrize("field", OCO_FIELDS)
def test_a_float_in_an_oco_is_refused_by_its_name(known: Known, field: str) -> None:
    given: dict[str, Any] = {"quantity": "1", "price": "1", "stop_trigger_price": "1", field: 0.5}
    with pytest.raises(InvalidValue, match=f"{field} takes no float") as caught:
        orders.place_oco(known, "BTC-USDT", "buy", **given)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["quantity", "price", "trigger_price"])
def test_a_float_in_an_amend_is_refused_by_its_name(known: Known, field: str) -> None:
    given: dict[str, Any] = {field: 0.5}
    with pytest.raises(InvalidValue, match=f"{field} takes no float"):
        orders.amend(known, 1, symbol="BTC-USDT", **given)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"price": "1.001"}, "price_off_tick", "price"),
        ({"quantity": "0.000001"}, "quantity_off_lot", "quantity"),
        ({"price": "1e30"}, "price_too_large", "price"),
        ({"price": "0"}, "invalid_value", "price"),
        ({"price": "-1"}, "invalid_value", "price"),
        ({"price": "ten"}, "invalid_value", "price"),
        ({"side": "long"}, "invalid_value", "side"),
        ({"order_type": "lmt"}, "invalid_value", "order_type"),
        ({"time_in_force": "day"}, "invalid_value", "time_in_force"),
        ({"expire_time": "tomorrow"}, "invalid_value", "expire_time"),
        ({"symbol": 7}, "unknown_symbol", "symbol"),
    ],
)
def test_a_bad_value_is_told_before_anything_is_sent(
    known: Known, given: dict[str, Any], code: str, field: str
) -> None:
    fields: dict[str, Any] = {"symbol": "BTC-USDT", "side": "buy", "quantity": "1", "price": "1", **given}
    with pytest.raises(ExchangeError) as caught:
        orders.place(known, **fields)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_tick_is_told_with_its_number(known: Known) -> None:
    with pytest.raises(Refused, match=r"price takes a multiple of 0.01"):
        orders.place(known, "BTC-USDT", "buy", quantity="1", price="1.001")


def test_the_answer_to_a_new_order(known: Known) -> None:
    step = orders.place(known, "BTC-USDT", "buy", quantity="1.5", price="6000.01")
    order = told(step, OrderResult(7, OrderStatus.OPEN, True, 0, 150_000, 0, None))
    assert isinstance(order, Order)
    assert (order.order_id, order.status, order.sequence, order.timestamp) == (7, "open", 9, 1_000)
    assert (order.price, order.quantity, order.remaining_quantity) == (
        Decimal("6000.01"),
        Decimal("1.5"),
        Decimal("1.5"),
    )
    assert order.average_price is None


def test_the_answer_to_a_known_order(known: Known) -> None:
    order = told(orders.place(known, "BTC-USDT", "buy", quantity="1.5", price="6000.01"), STATE)
    assert isinstance(order, Order)
    assert (order.status, order.filled_quantity, order.average_price) == (
        Status.PARTIALLY_FILLED, Decimal("0.5"), Decimal("6000.01"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "field"),
    [
        (Refusal.CLIENT_ORDER_ID_CONFLICT, Conflict, "client_order_id_conflict", "client_order_id"),
        (Refusal.QUANTITY_TOO_SMALL, Refused, "quantity_too_small", "quantity"),
        (Refusal.UNKNOWN_SYMBOL, NotFound, "unknown_symbol", "symbol"),
    ],
)
def test_a_refusal_is_an_error_with_its_code(
    known: Known, refusal: Refusal, kind: type[Refused], code: str, field: str
) -> None:
    step = orders.place(known, "BTC-USDT", "buy", quantity="1.5", price="6000.01")
    with pytest.raises(kind) as caught:
        told(step, CommandRefused(refusal))
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_instrument_of_an_unknown_symbol_is_asked_for() -> None:
    known = Known("ann", lambda: 0)
    step = orders.place(known, "BTC-USDT", "buy", quantity="1.5", price="6000.01")
    assert isinstance(step, Ask)
    assert step.query == InstrumentsQuery("BTC-USDT")
    following = told(step, InstrumentList([INSTRUMENT]))
    assert isinstance(following, Send)
    assert sent(following).price == 600_001
    with pytest.raises(NotFound, match="unknown_symbol"):
        told(orders.place(known, "ETH-USDT", "buy", quantity="1", price="1"), InstrumentList([]))


def test_an_oco_in_units(known: Known) -> None:
    step = orders.place_oco(
        known, "BTC-USDT", "sell", quantity="1", price="9", stop_trigger_price="5", stop_price="4.9", stop_tag="s"
    )
    command = sent(step)
    assert isinstance(command, PlaceOco)
    assert (command.price, command.stop_trigger_price, command.stop_price, command.stop_tag) == (900, 500, 490, "s")
    answer = told(step, OrderStates([STATE, STATE]))
    assert not isinstance(answer, Send | Ask)
    assert (answer.limit.order_id, answer.stop.order_id) == (7, 7)


def test_a_cancel_names_an_order_in_one_way(known: Known) -> None:
    assert sent(orders.cancel(known, 7)) == CancelOrder(7)
    assert sent(orders.cancel(known, "7", account="bob")) == CancelOrder(7, "bob")
    named = orders.cancel(known, client_order_id="x", only_status="new", cancel_client_order_id="c")
    assert sent(named) == CancelOrder(None, "ann", "x", OnlyStatus.NEW, "c")
    bad: list[tuple[Any, str | None]] = [(None, None), (7, "x"), ("seven", None), (0, None), (1.5, None)]
    for order_id, client_order_id in bad:
        with pytest.raises(InvalidValue, match="order_id"):
            orders.cancel(known, order_id, client_order_id=client_order_id)


def test_an_amend_looks_its_order_up_for_its_units(known: Known) -> None:
    step = orders.amend(known, client_order_id="x", price="5.5")
    assert isinstance(step, Ask)
    assert step.query == OrderQuery(None, "ann", "x")
    following = told(step, STATE)
    assert isinstance(following, Send)
    assert sent(following) == AmendOrder(None, "ann", "x", None, 550)
    assert sent(orders.amend(known, 7, price="5.5", symbol="BTC-USDT")) == AmendOrder(7, None, None, None, 550)
    with pytest.raises(InvalidValue, match="takes a quantity"):
        orders.amend(known, 7)


def test_a_cancel_replace_tells_both_parts(known: Known) -> None:
    new = NewOrder("BTC-USDT", "buy", quantity="1", price="2")
    step = orders.cancel_replace(known, 7, place=new, account="bob", allow_failure=True)
    command = sent(step)
    assert isinstance(command, CancelReplace)
    assert (command.cancel.account, command.place.account, command.allow_failure) == ("bob", "bob", True)
    answer = told(step, events.CancelReplaced(CommandRefused(Refusal.UNKNOWN_ORDER), STATE))
    assert not isinstance(answer, Send | Ask)
    assert (answer.cancel.result, answer.place.result) == ("failed", "done")
    assert answer.cancel.problem is not None
    assert answer.cancel.problem.code == "unknown_order"


def test_cancel_all_goes_on_until_none_is_left(known: Known) -> None:
    step = accounts.cancel_all(known)
    assert sent(step) == CancelAllOrders("ann")
    following = told(step, OrderStates([STATE], more=True))
    assert isinstance(following, Send)
    assert sent(following) == CancelAllOrders("ann")
    answer = told(following, OrderStates([STATE]))
    assert isinstance(answer, CanceledOrders)
    assert (answer.canceled, len(answer.orders)) == (2, 2)


def test_cancel_after_takes_milliseconds(known: Known) -> None:
    assert sent(accounts.cancel_after(known, 500)) == CancelAfter("ann", 500_000_000)
    for bad in (99, -1, 86_400_001, 0.5, "500", True):
        with pytest.raises(InvalidValue, match="timeout_ms takes a whole number from 100 to 86400000"):
            accounts.cancel_after(known, bad)  # type: ignore[arg-type]


def test_a_list_of_orders(known: Known) -> None:
    step = accounts.orders(known, status="done", limit=5, after="17")
    assert isinstance(step, Ask)
    assert step.query == OrdersQuery(None, "ann", True, 5, 17)
    page = told(step, events.OrderPage([STATE], next=18))
    assert not isinstance(page, Send | Ask)
    assert (page.orders[0].order_id, page.next) == (7, "18")
    for bad in ({"status": "new"}, {"limit": 0}, {"limit": 1_001}, {"after": "x"}):
        given: dict[str, Any] = bad
        with pytest.raises(InvalidValue):
            accounts.orders(known, **given)


def test_a_canceled_order_tells_its_reason(known: Known) -> None:
    done = events.OrderState(
        7, None, "ann", "BTC-USDT", Side.SELL, OrderType.MARKET, None, None, OrderStatus.CANCELED, False,
        1, 0, 0, 0, Reason.NO_LIQUIDITY, 3, 1, [],
    )  # fmt: skip
    order = told(accounts.order(known, 7), done)
    assert isinstance(order, Order)
    assert (order.done, order.reason) == (True, "no_liquidity")


def test_depth_and_levels(known: Known) -> None:
    depth = told(markets.depth(known, "BTC-USDT", levels=2), events.Depth("BTC-USDT", [(100, 5)], []))
    assert not isinstance(depth, Send | Ask)
    assert depth.bids == ((Decimal(1), Decimal("0.00005")),)
    assert depth.sequence == 9
    with pytest.raises(InvalidValue, match="levels takes a whole number from 1 to 5000"):
        markets.depth(known, "BTC-USDT", levels=5_001)
