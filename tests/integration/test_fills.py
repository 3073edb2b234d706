"""GET /fills over HTTP: an account's last fills, page by page, over restarts too."""

from itertools import count

import pytest

from tests.exchange import Exchange, Json
from tests.integration.order_calls import place, problem

_accounts = count(1)

FILL = {"timestamp", "sequence", "symbol", "trade_id", "order_id", "side", "price", "quantity", "fee", "liquidity"}


@pytest.fixture
def account() -> str:
    return f"fills-{next(_accounts)}"


def fills(exchange: Exchange, account: str, **more: str | int) -> list[Json]:
    listed: list[Json] = exchange.get("/fills", account=account, **more)["fills"]
    assert all(set(fill) == FILL for fill in listed)
    return listed


def make_fills(exchange: Exchange, symbol: str, account: str, number: int, first_price: int = 100) -> None:
    """So many fills of the account as a taker, at prices that go up by one."""
    sells = [
        {"symbol": symbol, "order_type": "limit", "side": "sell", "quantity": "1", "price": str(first_price + step)}
        for step in range(number)
    ]
    exchange.post("/orders/batch", {"orders": sells})
    place(exchange, symbol, "limit", "buy", str(number), str(first_price + number), account=account)


def test_both_sides_of_a_trade_have_their_fill(shared_exchange: Exchange, symbol: str, account: str) -> None:
    maker = place(shared_exchange, symbol, "limit", "sell", "1", "100.5", account=f"{account}-maker")
    taker = place(shared_exchange, symbol, "limit", "buy", "0.4", "101", account=account)
    [trade] = taker["trades"]
    common = {
        "timestamp": taker["timestamp"],
        "sequence": taker["sequence"],
        "symbol": symbol,
        "trade_id": trade["trade_id"],
        "price": "100.5",
        "quantity": "0.4",
    }
    # The value is 40.2; the maker pays 10 basis points of it, the taker 20.
    assert fills(shared_exchange, account) == [
        {**common, "order_id": taker["order_id"], "side": "buy", "fee": "0.0804", "liquidity": "taker"}
    ]
    assert fills(shared_exchange, f"{account}-maker") == [
        {**common, "order_id": maker["order_id"], "side": "sell", "fee": "0.0402", "liquidity": "maker"}
    ]


def test_a_trade_of_an_account_with_itself_is_two_fills(shared_exchange: Exchange, symbol: str, account: str) -> None:
    place(shared_exchange, symbol, "limit", "sell", "1", "100", account=account)
    place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account)
    assert [(fill["side"], fill["liquidity"]) for fill in fills(shared_exchange, account)] == [
        ("sell", "maker"),
        ("buy", "taker"),
    ]


def test_pages_follow_each_other(shared_exchange: Exchange, symbol: str, account: str) -> None:
    make_fills(shared_exchange, symbol, account, 7)
    everything = fills(shared_exchange, account)
    assert [fill["price"] for fill in everything] == [str(price) for price in range(100, 107)]
    # Without a cursor the newest, oldest first.
    assert fills(shared_exchange, account, limit=2) == everything[-2:]
    first = everything[0]
    collected, cursor = [first], f"{first['sequence']}-{first['trade_id']}"
    while cursor is not None:
        page = shared_exchange.get("/fills", account=account, after=cursor, limit=4)
        collected += page["fills"]
        cursor = page["next"]
    assert collected == everything
    last = everything[-1]
    after = {"account": account, "after": f"{last['sequence']}-{last['trade_id']}"}
    assert shared_exchange.get("/fills", **after) == {"fills": [], "next": None}
    make_fills(shared_exchange, symbol, account, 1, first_price=200)
    assert [fill["price"] for fill in shared_exchange.get("/fills", **after)["fills"]] == ["200"]


def test_a_symbol_filters(shared_exchange: Exchange, symbol: str, account: str) -> None:
    other = shared_exchange.add_instrument()
    make_fills(shared_exchange, symbol, account, 1, first_price=100)
    make_fills(shared_exchange, other, account, 1, first_price=200)
    assert [fill["symbol"] for fill in fills(shared_exchange, account)] == [symbol, other]
    assert [fill["price"] for fill in fills(shared_exchange, account, symbol=other)] == ["200"]


def test_an_account_that_never_traded_has_none(shared_exchange: Exchange, account: str) -> None:
    assert shared_exchange.get("/fills", account=account) == {"fills": [], "next": None}


def test_the_last_thousand_fills_outlive_a_restart(exchange: Exchange) -> None:
    for hundred in range(11):
        make_fills(exchange, "BTC-USDT", "trader", 100, first_price=100 + 100 * hundred)
    before = fills(exchange, "trader", limit=1000)
    assert [fill["price"] for fill in before] == [str(price) for price in range(200, 1_200)]
    exchange.matcher.kill()
    exchange.restart_matcher()
    assert fills(exchange, "trader", limit=1000) == before


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"symbol": "NOPE"}, (404, "unknown_symbol", "symbol")),
        ({"account": "a b"}, (422, "invalid_name", "account")),
        ({"limit": "1001"}, (422, "invalid_value", "limit")),
        ({"after": "5"}, (422, "invalid_value", "after")),
        ({"side": "buy"}, (422, "unknown_field", "side")),
    ],
)
def test_a_bad_parameter_is_named(
    shared_exchange: Exchange, query: dict[str, str], expected: tuple[int, str, str]
) -> None:
    assert problem(shared_exchange.http.get("/fills", params=query)) == expected
