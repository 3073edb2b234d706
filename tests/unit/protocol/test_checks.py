"""What a client refuses before it sends: a command or a query with a field that no matcher takes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import pytest
from msgspec import Struct, structs

from protocol.checks import FieldError, check_command, check_query
from protocol.client import CommandClient
from protocol.commands import (
    CancelOrder,
    CancelReplace,
    Command,
    DepthQuery,
    OrderTerms,
    PlaceOrder,
    Query,
    ResetAccount,
    StatusQuery,
)
from protocol.units import MAX_PRICE, OrderType, Side

GOOD = PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 1, 100, terms=OrderTerms(tag="x"))


def changed(**fields: Any) -> PlaceOrder:
    return structs.replace(GOOD, **fields)


def terms(**fields: Any) -> OrderTerms:
    return OrderTerms(**fields)


def wrong(kind: Any, **fields: Any) -> Command:
    command: Command = kind(**fields)
    return command


@pytest.mark.parametrize("command", [GOOD, changed(side=1), CancelOrder(7), ResetAccount("ann", {"BTC": "1"}, "t")])
def test_a_command_of_the_right_types_passes(command: Command) -> None:
    check_command(command)


@pytest.mark.parametrize("price", [100.0, 100.5, float("nan"), Decimal(100), "100", True, 0, -1, MAX_PRICE + 1, 10**30])
def test_a_price_that_is_no_integer_in_bounds_is_refused_by_its_name(price: Any) -> None:
    with pytest.raises(FieldError, match=r"PlaceOrder\.price takes no ") as caught:
        check_command(changed(price=price))
    assert caught.value.field == "price"
    assert repr(price) in str(caught.value)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: changed(quantity=1.0), "quantity"),
        (lambda: changed(symbol=None), "symbol"),
        (lambda: changed(account="x" * 65), "account"),
        (lambda: changed(account="\ud800"), "account"),
        (lambda: changed(side="buy"), "side"),
        (lambda: changed(side=3), "side"),
        (lambda: changed(order_type=object()), "order_type"),
        (lambda: changed(terms=terms(display_quantity=0.5)), "terms.display_quantity"),
        (lambda: changed(terms=terms(trailing_amount=Decimal(1))), "terms.trailing_amount"),
        (lambda: changed(terms=terms(tag=object())), "terms.tag"),
        (lambda: CancelReplace(CancelOrder(1), changed(price=1.5)), "place.price"),
        (lambda: wrong(CancelOrder, order_id=1.0), "order_id"),
        (lambda: wrong(ResetAccount, account="ann", balances={"BTC": 1.5}, transfer_id="t"), "balances"),
    ],
)
def test_the_fault_is_named_however_deep(make: Callable[[], Command], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        check_command(make())
    assert caught.value.field == field


def test_what_is_no_command_or_no_query_is_refused() -> None:
    check_query(StatusQuery())
    others: list[Any] = [StatusQuery(), {}]
    for other in others:
        with pytest.raises(FieldError, match=f"takes a command, not {type(other).__name__}"):
            check_command(other)
    order: Any = GOOD
    with pytest.raises(FieldError, match="takes a query, not PlaceOrder"):
        check_query(order)


def test_a_query_is_checked_too() -> None:
    levels: Any = 2.5
    with pytest.raises(FieldError) as caught:
        check_query(DepthQuery("BTC-USDT", levels))
    assert caught.value.field == "levels"


@pytest.mark.parametrize("kind", [*get_args(Command), *get_args(Query)])
def test_every_field_of_every_command_and_query_is_checked(kind: type[Struct]) -> None:
    check = check_command if kind in get_args(Command) else check_query
    for name in kind.__struct_fields__:
        message: Any = kind(**{field: object() if field == name else None for field in kind.__struct_fields__})
        with pytest.raises(FieldError) as caught:
            check(message)
        assert caught.value.field == name


def test_the_command_client_refuses_a_float_before_it_numbers_anything() -> None:
    client = CommandClient("tcp://127.0.0.1:9", "tcp://127.0.0.1:9")
    try:
        with pytest.raises(FieldError, match=r"PlaceOrder\.price"):
            client.send([GOOD, changed(price=100.5)])
        with pytest.raises(FieldError, match="levels"):
            client.ask(DepthQuery("BTC-USDT", levels="all"))  # type: ignore[arg-type]
        assert client.waiting == 0
    finally:
        client.close()
