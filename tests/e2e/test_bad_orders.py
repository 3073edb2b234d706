"""Orders that cannot be taken, over HTTP: the problem names the field, and nothing has changed."""

from typing import Any

import pytest

from tests.e2e.problems import assert_problem
from tests.exchange import Exchange, Json

LIMIT: Json = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "100"}


def order(**changes: Any) -> Json:
    """A sound limit order with other fields; None leaves one out."""
    return {name: value for name, value in {**LIMIT, **changes}.items() if value is not None}


BAD_ORDERS: dict[str, tuple[Json, int, str, str]] = {
    "no symbol": (order(symbol=None), 422, "missing_field", "symbol"),
    "no order_type": (order(order_type=None), 422, "missing_field", "order_type"),
    "no side": (order(side=None), 422, "missing_field", "side"),
    "unknown field": (order(leverage=5), 422, "unknown_field", "leverage"),
    "field in another case": (order(Price="1"), 422, "unknown_field", "Price"),
    "unknown order_type": (order(order_type="iceberg"), 422, "invalid_value", "order_type"),
    "order_type in capitals": (order(order_type="LIMIT"), 422, "invalid_value", "order_type"),
    "unknown side": (order(side="up"), 422, "invalid_value", "side"),
    "symbol as number": (order(symbol=1), 422, "invalid_value", "symbol"),
    "side as list": (order(side=["buy"]), 422, "invalid_value", "side"),
    "quantity as word": (order(quantity="much"), 422, "invalid_value", "quantity"),
    "quantity as list": (order(quantity=["1"]), 422, "invalid_value", "quantity"),
    "quantity true": (order(quantity=True), 422, "invalid_value", "quantity"),
    "quantity empty": (order(quantity=""), 422, "invalid_value", "quantity"),
    "quantity with spaces": (order(quantity=" 1 "), 422, "invalid_value", "quantity"),
    "quantity with a plus": (order(quantity="+1"), 422, "invalid_value", "quantity"),
    "quantity with a comma": (order(quantity="1,5"), 422, "invalid_value", "quantity"),
    "quantity hexadecimal": (order(quantity="0x10"), 422, "invalid_value", "quantity"),
    "quantity in other digits": (order(quantity="١"), 422, "invalid_value", "quantity"),
    "quantity NaN": (order(quantity="NaN"), 422, "invalid_value", "quantity"),
    "quantity infinite": (order(quantity="Infinity"), 422, "invalid_value", "quantity"),
    "quantity zero": (order(quantity="0"), 422, "invalid_value", "quantity"),
    "quantity zero in decimals": (order(quantity="0.00000000"), 422, "invalid_value", "quantity"),
    "quantity negative": (order(quantity="-1"), 422, "invalid_value", "quantity"),
    "quantity negative number": (order(quantity=-1), 422, "invalid_value", "quantity"),
    "quantity of 100 digits": (order(quantity="9" * 100), 422, "invalid_value", "quantity"),
    "quantity with an endless exponent": (order(quantity="1e9999"), 422, "invalid_value", "quantity"),
    "quantity 2**63": (order(quantity=str(2**63)), 422, "quantity_too_large", "quantity"),
    "quantity 2**64": (order(quantity=2**64), 422, "quantity_too_large", "quantity"),
    "quantity too large": (order(quantity="9000.00001"), 422, "quantity_too_large", "quantity"),
    "quantity off the lot": (order(quantity="1.000001"), 422, "quantity_off_lot", "quantity"),
    "quantity far off the lot": (order(quantity="1e-30"), 422, "quantity_off_lot", "quantity"),
    "price zero": (order(price="0"), 422, "invalid_value", "price"),
    "price negative": (order(price="-100"), 422, "invalid_value", "price"),
    "price as word": (order(price="cheap"), 422, "invalid_value", "price"),
    "price as map": (order(price={"amount": 1}), 422, "invalid_value", "price"),
    "price off the tick": (order(price="100.001"), 422, "price_off_tick", "price"),
    "price too large": (order(price="10000000.01"), 422, "price_too_large", "price"),
    "price 2**63": (order(price=str(2**63)), 422, "price_too_large", "price"),
    "below the least value": (order(quantity="0.00001", price="100"), 422, "below_min_notional", "quantity"),
    "client_order_id with a space": (order(client_order_id="a b"), 422, "invalid_name", "client_order_id"),
    "client_order_id empty": (order(client_order_id=""), 422, "invalid_name", "client_order_id"),
    "client_order_id too long": (order(client_order_id="x" * 65), 422, "invalid_name", "client_order_id"),
    "client_order_id as number": (order(client_order_id=5), 422, "invalid_value", "client_order_id"),
    "account with a slash": (order(account="a/b"), 422, "invalid_name", "account"),
    "account with a line": (order(account="a\n"), 422, "invalid_name", "account"),
    "account empty": (order(account=""), 422, "invalid_name", "account"),
    "trigger off the tick": (
        order(order_type="stop_limit", trigger_price="1.001"),
        422,
        "trigger_price_off_tick",
        "trigger_price",
    ),
    "trigger negative": (order(order_type="stop_limit", trigger_price="-1"), 422, "invalid_value", "trigger_price"),
    "trigger too large": (
        order(order_type="stop_limit", trigger_price="10000000.01"),
        422,
        "trigger_price_too_large",
        "trigger_price",
    ),
    "unknown symbol": (order(symbol="DOGE-USDT"), 404, "unknown_symbol", "symbol"),
    "symbol in small letters": (order(symbol="btc-usdt"), 404, "unknown_symbol", "symbol"),
    "symbol as path": (order(symbol="../../etc/passwd"), 404, "unknown_symbol", "symbol"),
    "symbol empty": (order(symbol=""), 404, "unknown_symbol", "symbol"),
    "symbol of many letters": (order(symbol="A" * 10_000), 404, "unknown_symbol", "symbol"),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "status", "code", "field"), [pytest.param(*case, id=name) for name, case in BAD_ORDERS.items()]
)
def test_bad_order(shared_exchange: Exchange, body: Json, status: int, code: str, field: str) -> None:
    assert_problem(shared_exchange.http.post("/orders", json=body), status, code, field)


def test_least_quantity_has_a_name(shared_exchange: Exchange) -> None:
    symbol = shared_exchange.add_instrument(min_quantity="0.5")
    response = shared_exchange.http.post("/orders", json=order(symbol=symbol, quantity="0.49999"))
    assert_problem(response, 422, "quantity_too_small", "quantity")


def test_order_of_another_account_is_unknown(shared_exchange: Exchange, symbol: str) -> None:
    placed = shared_exchange.place(
        symbol, "limit", "buy", "1", "100", account="owner", client_order_id=f"{symbol}-order"
    )
    for method in ("GET", "DELETE"):
        for path in (
            f"/orders/{placed['order_id']}?account=thief",
            f"/orders/client:{symbol}-order",
            f"/orders/client:{symbol}-order?account=thief",
        ):
            assert_problem(shared_exchange.http.request(method, path), 404, "unknown_order")
    assert shared_exchange.get(f"/orders/{placed['order_id']}") == placed


def test_done_order_cannot_be_canceled(shared_exchange: Exchange, symbol: str) -> None:
    filled = shared_exchange.trade(symbol, "100")
    canceled = shared_exchange.delete(
        f"/orders/{shared_exchange.place(symbol, 'limit', 'buy', '1', '100')['order_id']}"
    )
    for done in (filled, canceled):
        assert_problem(shared_exchange.http.delete(f"/orders/{done['order_id']}"), 409, "order_not_open")
        assert shared_exchange.get(f"/orders/{done['order_id']}")["status"] == done["status"]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "2"},
        {"price": "101"},
        {"side": "sell", "price": "100"},
        {"order_type": "ioc"},
        {"order_type": "stop_limit", "trigger_price": "200"},
    ],
)
def test_client_order_id_of_another_order(shared_exchange: Exchange, symbol: str, change: Json) -> None:
    name = f"{symbol}-order"
    first = shared_exchange.post("/orders", order(symbol=symbol, client_order_id=name))
    response = shared_exchange.http.post("/orders", json=order(symbol=symbol, client_order_id=name, **change))
    assert_problem(response, 409, "client_order_id_conflict", "client_order_id")
    assert shared_exchange.get(f"/orders/client:{name}") == first


def test_refused_order_does_not_use_its_client_order_id_up(shared_exchange: Exchange, symbol: str) -> None:
    name = f"{symbol}-order"
    response = shared_exchange.http.post("/orders", json=order(symbol=symbol, client_order_id=name, price="100.001"))
    assert_problem(response, 422, "price_off_tick", "price")
    assert "duplicate" not in shared_exchange.post("/orders", order(symbol=symbol, client_order_id=name))
