"""What a refused order is told of the limit that it broke: the number that holds now, whichever call it came by."""

from typing import Any

import pytest

from protocol.commands import SetInstrument
from tests.exchange import Exchange, Json

LIMITS: dict[str, str | int] = {
    "tick_size": "0.5",
    "lot_size": "0.001",
    "min_quantity": "0.01",
    "max_quantity": "50",
    "max_price": "70000",
    "min_notional": "25",
}

LARGE = "1e30"
"""More than any instrument takes: it is found before the matcher sees it."""

TICK = "takes a multiple of 0.5, the instrument's tick_size."
LOT = "takes a multiple of 0.001, the instrument's lot_size."
LEAST = "takes at least 0.01, the instrument's min_quantity."
MOST = "takes at most 50, the instrument's max_quantity."
HIGHEST = "takes at most 70000, the instrument's max_price."

STOP: Json = {"order_type": "stop_limit", "trigger_price": "60000"}
TRAIL: Json = {"order_type": "trailing_stop", "price": None, "trailing_amount": "10"}

ORDERS: dict[str, tuple[Json, str, str]] = {
    "price above": ({"price": "70000.5"}, "price_too_large", f"price {HIGHEST}"),
    "price far above": ({"price": LARGE}, "price_too_large", f"price {HIGHEST}"),
    "price off": ({"price": "60000.1"}, "price_off_tick", f"price {TICK}"),
    "price finer": ({"price": "60000.01"}, "price_off_tick", f"price {TICK}"),
    "quantity above": ({"quantity": "50.001"}, "quantity_too_large", f"quantity {MOST}"),
    "quantity far above": ({"quantity": LARGE}, "quantity_too_large", f"quantity {MOST}"),
    "quantity below": ({"quantity": "0.009"}, "quantity_too_small", f"quantity {LEAST}"),
    "quantity finer": ({"quantity": "1.0001"}, "quantity_off_lot", f"quantity {LOT}"),
    "value": (
        {"price": "1"},
        "below_min_notional",
        "price x quantity takes at least 25, the instrument's min_notional.",
    ),
    "trigger above": ({**STOP, "trigger_price": "70000.5"}, "trigger_price_too_large", f"trigger_price {HIGHEST}"),
    "trigger off": ({**STOP, "trigger_price": "60000.1"}, "trigger_price_off_tick", f"trigger_price {TICK}"),
    "display above": (
        {"display_quantity": "6"},
        "display_quantity_too_large",
        "display_quantity takes at most 5, the order's quantity.",
    ),
    "display far above": (
        {"display_quantity": LARGE},
        "display_quantity_too_large",
        "display_quantity takes at most 5, the order's quantity.",
    ),
    "display of nothing": (
        {"quantity": None, "display_quantity": LARGE},
        "display_quantity_too_large",
        "display_quantity takes at most the order's quantity.",
    ),
    "price before quantity": ({"price": "60000.01", "quantity": "much"}, "price_off_tick", f"price {TICK}"),
    "trail before quantity": (
        {**TRAIL, "trailing_amount": "0.01", "quantity": None},
        "trailing_amount_off_tick",
        f"trailing_amount {TICK}",
    ),
    "display finer": ({"display_quantity": "0.0001"}, "display_quantity_off_lot", f"display_quantity {LOT}"),
    "trail above": ({**TRAIL, "trailing_amount": "70000.5"}, "trailing_amount_too_large", f"trailing_amount {HIGHEST}"),
    "trail off": ({**TRAIL, "trailing_amount": "0.1"}, "trailing_amount_off_tick", f"trailing_amount {TICK}"),
    "activation above": (
        {**TRAIL, "activation_price": "80000"},
        "activation_price_too_large",
        f"activation_price {HIGHEST}",
    ),
    "activation off": ({**TRAIL, "activation_price": "0.7"}, "activation_price_off_tick", f"activation_price {TICK}"),
}


@pytest.fixture(scope="module")
def symbol(shared_exchange: Exchange) -> str:
    return shared_exchange.add_instrument(**LIMITS)


def order(symbol: str, changes: Json) -> Json:
    return {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "5", "price": "60000"} | changes


def told(answer: Any) -> tuple[str, str]:
    """Code and detail of a problem."""
    return answer["code"], answer["detail"]


@pytest.mark.parametrize("name", ORDERS)
def test_order(shared_exchange: Exchange, symbol: str, name: str) -> None:
    changes, code, detail = ORDERS[name]
    response = shared_exchange.http.post("/orders", json=order(symbol, changes))
    assert (response.status_code, *told(response.json())) == (422, code, detail)


def test_batch(shared_exchange: Exchange, symbol: str) -> None:
    answer = shared_exchange.post(
        "/orders/batch", {"orders": [order(symbol, changes) for changes, _, _ in ORDERS.values()]}
    )
    assert [told(result) for result in answer["results"]] == [(code, detail) for _, code, detail in ORDERS.values()]


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        ({"price": "70000.5"}, "price_too_large", f"price {HIGHEST}"),
        ({"stop_trigger_price": "58000.1"}, "trigger_price_off_tick", f"stop_trigger_price {TICK}"),
        ({"stop_price": LARGE}, "price_too_large", f"stop_price {HIGHEST}"),
        ({"quantity": "0.001"}, "quantity_too_small", f"quantity {LEAST}"),
    ],
)
def test_oco(shared_exchange: Exchange, symbol: str, changes: Json, code: str, detail: str) -> None:
    oco = {
        "symbol": symbol,
        "side": "sell",
        "quantity": "1",
        "price": "62000",
        "stop_trigger_price": "58000",
        "stop_price": "57000",
    }
    response = shared_exchange.http.post("/orders/oco", json=oco | changes)
    assert (response.status_code, *told(response.json())) == (422, code, detail)


def test_amend(shared_exchange: Exchange, symbol: str) -> None:
    iceberg = shared_exchange.place(symbol, "limit", "sell", "5", "60001", display_quantity="2")
    partly_filled = shared_exchange.place(symbol, "limit", "sell", "5", "60000")
    shared_exchange.place(symbol, "market", "buy", "1.5")

    def amended(order: Json, **changes: str) -> tuple[int, str, str]:
        response = shared_exchange.http.patch(f"/orders/{order['order_id']}", json=changes)
        return response.status_code, *told(response.json())

    assert amended(iceberg, price="70000.5") == (422, "price_too_large", f"price {HIGHEST}")
    assert amended(iceberg, price="60000.01") == (422, "price_off_tick", f"price {TICK}")
    assert amended(iceberg, quantity="50.001") == (422, "quantity_too_large", f"quantity {MOST}")
    displayed = "quantity takes at least 2, the order's display_quantity."
    assert amended(iceberg, quantity="1.9") == (422, "display_quantity_too_large", displayed)
    done = "quantity takes more than 1.5, the filled and prevented quantity."
    assert amended(partly_filled, quantity="1.5") == (409, "quantity_below_filled", done)


def test_limits_that_were_changed_by_another_gateway(shared_exchange: Exchange) -> None:
    """The one that is asked has known the instrument before, with other limits."""
    symbol = shared_exchange.add_instrument(**LIMITS)
    shared_exchange.get("/depth", symbol=symbol)
    with shared_exchange.matcher.client() as client:
        client.command(SetInstrument(symbol, 1, 3, max_price=500_000))
    response = shared_exchange.http.post("/orders", json=order(symbol, {}))
    assert told(response.json()) == ("price_too_large", "price takes at most 50000, the instrument's max_price.")
