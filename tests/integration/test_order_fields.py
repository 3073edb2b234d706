"""What an order may ask for beyond its type, price and quantity, over HTTP: it does it, and every wrong use is refused
by name."""

from itertools import count
from typing import Any

import pytest

from tests.exchange import Exchange, Json, receive, receive_until, wait_until
from tests.integration.order_calls import depth, in_time, look_up, outcome, place, problem, trades

_accounts = count(1)


@pytest.fixture
def account() -> str:
    return f"fields-{next(_accounts)}"


# post_only


def test_a_post_only_order_rests_or_is_rejected(shared_exchange: Exchange, symbol: str) -> None:
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    rejected = place(shared_exchange, symbol, "limit", "buy", "1", "100", post_only=True)
    assert outcome(rejected) == ("rejected", "post_only_would_cross", "0", "0", "0")
    rests = place(shared_exchange, symbol, "limit", "buy", "1", "99.99", post_only=True)
    assert (rests["status"], rests["post_only"]) == ("open", True)
    assert look_up(shared_exchange, rests)["post_only"] is True
    assert depth(shared_exchange, symbol) == ([["99.99", "1"]], [["100", "1"]])


def test_post_only_false_is_as_nothing(shared_exchange: Exchange, symbol: str) -> None:
    plain = place(shared_exchange, symbol, "market", "buy", "1", post_only=False, self_trade_prevention="none")
    assert outcome(plain) == ("canceled", "no_liquidity", "0", "0", "0")
    assert "post_only" not in plain
    assert "self_trade_prevention" not in plain


# self_trade_prevention


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("none", ("filled", None, "1", "0", "0"), ("partially_filled", None, "1", "1", "0")),
        ("cancel_newest", ("open", None, "0", "1", "0"), ("canceled", "self_trade", "0", "0", "2")),
        ("cancel_oldest", ("canceled", "self_trade", "0", "0", "1"), ("open", None, "0", "2", "0")),
        ("cancel_both", ("canceled", "self_trade", "0", "0", "1"), ("canceled", "self_trade", "0", "0", "2")),
        ("decrement", ("canceled", "self_trade", "0", "0", "1"), ("open", None, "0", "1", "1")),
    ],
)
def test_orders_of_one_account_meet_as_the_taker_says(
    shared_exchange: Exchange, symbol: str, account: str, mode: str, maker: tuple[Any, ...], taker: tuple[Any, ...]
) -> None:
    resting = place(shared_exchange, symbol, "limit", "sell", "1", "100", account=account)
    taking = place(shared_exchange, symbol, "limit", "buy", "2", "100", account=account, self_trade_prevention=mode)
    assert outcome(taking) == taker
    assert outcome(look_up(shared_exchange, resting)) == maker
    assert taking.get("self_trade_prevention", "none") == mode
    assert taking["quantity"] == "2"


# expire_time


@pytest.mark.parametrize("order_type", ["limit", "stop_limit", "take_profit_limit"])
def test_an_order_expires_without_waiting_for_another(shared_exchange: Exchange, symbol: str, order_type: str) -> None:
    trigger = {} if order_type == "limit" else {"trigger_price": "100"}
    placed = place(
        shared_exchange, symbol, order_type, "buy", "1", "100", expire_time=in_time(milliseconds=500), **trigger
    )
    assert placed["status"] == ("pending" if trigger else "open")
    expired = wait_until(
        lambda: (now := look_up(shared_exchange, placed))["status"] == "canceled" and now, "an order that expires"
    )
    assert outcome(expired) == ("canceled", "expired", "0", "0", "0")
    assert expired["expire_time"] == placed["expire_time"]


def test_an_expire_time_is_kept_to_the_nanosecond(shared_exchange: Exchange, symbol: str) -> None:
    placed = place(
        shared_exchange, symbol, "limit", "buy", "1", "100", expire_time="2100-01-01T01:00:00.123456789+01:00"
    )
    assert placed["expire_time"] == look_up(shared_exchange, placed)["expire_time"] == "2100-01-01T00:00:00.123456789Z"


# display_quantity


def test_an_iceberg_shows_its_tip_and_trades_slice_by_slice(shared_exchange: Exchange, symbol: str) -> None:
    iceberg = place(shared_exchange, symbol, "limit", "sell", "1", "100", display_quantity="0.3")
    behind = place(shared_exchange, symbol, "limit", "sell", "0.2", "100")
    assert (iceberg["display_quantity"], iceberg["remaining_quantity"]) == ("0.3", "1")
    assert depth(shared_exchange, symbol) == ([], [["100", "0.5"]])
    taker = place(shared_exchange, symbol, "limit", "buy", "0.9", "100")
    makers = [trade["maker_order_id"] for trade in taker["trades"]]
    assert makers == [iceberg["order_id"], behind["order_id"], iceberg["order_id"], iceberg["order_id"]]
    assert trades(taker) == [("100", "0.3"), ("100", "0.2"), ("100", "0.3"), ("100", "0.1")]
    assert outcome(look_up(shared_exchange, iceberg)) == ("partially_filled", None, "0.7", "0.3", "0")
    assert depth(shared_exchange, symbol) == ([], [["100", "0.2"]])


# quote_quantity


def test_a_market_order_spends_a_quote_quantity_in_whole_lots(shared_exchange: Exchange, symbol: str) -> None:
    place(shared_exchange, symbol, "limit", "sell", "0.1", "100")
    place(shared_exchange, symbol, "limit", "sell", "1", "200")
    bought = place(shared_exchange, symbol, "market", "buy", quote_quantity="25.0005")
    assert trades(bought) == [("100", "0.1"), ("200", "0.075")]
    assert outcome(bought) == ("filled", None, "0.175", "0", "0")
    assert (bought["quantity"], bought["quote_quantity"], bought["unspent_quote_quantity"]) == (
        "0.175",
        "25.0005",
        "0.0005",
    )
    assert look_up(shared_exchange, bought)["unspent_quote_quantity"] == "0.0005"


def test_a_quote_quantity_that_buys_nothing_is_canceled(shared_exchange: Exchange, symbol: str) -> None:
    empty = place(shared_exchange, symbol, "market", "sell", quote_quantity="25")
    assert outcome(empty) == ("canceled", "no_liquidity", "0", "0", "0")
    assert empty["unspent_quote_quantity"] == "25"
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    small = place(shared_exchange, symbol, "market", "buy", quote_quantity="0.0009999")
    assert outcome(small) == ("canceled", "quote_quantity_too_small", "0", "0", "0")
    assert (small["quantity"], small["unspent_quote_quantity"]) == ("0", "0.0009999")


# take_profit_limit and trailing_stop


def test_a_take_profit_limit_waits_for_its_price(shared_exchange: Exchange, symbol: str) -> None:
    waiting = place(shared_exchange, symbol, "take_profit_limit", "sell", "1", "110.5", trigger_price="110")
    assert outcome(waiting) == ("pending", None, "0", "1", "0")
    shared_exchange.trade(symbol, "109.99")
    assert look_up(shared_exchange, waiting)["status"] == "pending"
    shared_exchange.trade(symbol, "110")
    assert outcome(look_up(shared_exchange, waiting)) == ("open", None, "0", "1", "0")
    assert depth(shared_exchange, symbol) == ([], [["110.5", "1"]])


def test_a_trailing_stop_follows_the_market_and_fires(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.trade(symbol, "100")
    trailing = place(shared_exchange, symbol, "trailing_stop", "sell", "1", trailing_bps=100)
    assert outcome(trailing) == ("pending", None, "0", "1", "0")
    assert (trailing["price"], trailing["trigger_price"], trailing["trailing_bps"]) == (None, None, 100)
    shared_exchange.trade(symbol, "110.01")
    # 110.01 less one percent is 108.9099, cut down to the tick.
    assert look_up(shared_exchange, trailing)["trigger_price"] == "108.9"
    shared_exchange.trade(symbol, "109")
    assert look_up(shared_exchange, trailing)["trigger_price"] == "108.9"
    place(shared_exchange, symbol, "limit", "buy", "2", "90")
    shared_exchange.trade(symbol, "108.9")
    fired = look_up(shared_exchange, trailing)
    assert outcome(fired) == ("filled", None, "1", "0", "0")
    assert trades(fired) == [("90", "1")]


def test_a_trailing_amount_begins_at_its_activation_price(shared_exchange: Exchange, symbol: str) -> None:
    trailing = place(
        shared_exchange, symbol, "trailing_stop", "buy", "1", trailing_amount="5.05", activation_price="95"
    )
    assert (trailing["trailing_amount"], trailing["activation_price"], trailing["trigger_price"]) == (
        "5.05",
        "95",
        None,
    )
    for price, trigger_price in (("100", None), ("95.01", None), ("94", "99.05"), ("96", "99.05"), ("90", "95.05")):
        shared_exchange.trade(symbol, price)
        assert look_up(shared_exchange, trailing)["trigger_price"] == trigger_price


# Terms of orders that wait, and the tag


def test_an_order_whose_trigger_is_met_is_rejected_if_it_asks_for_it(shared_exchange: Exchange, symbol: str) -> None:
    waits = place(shared_exchange, symbol, "stop_market", "sell", "1", trigger_price="100", reject_if_triggered=True)
    assert outcome(waits) == ("pending", None, "0", "1", "0")
    shared_exchange.trade(symbol, "105")
    met = place(shared_exchange, symbol, "stop_market", "sell", "1", trigger_price="105", reject_if_triggered=True)
    assert outcome(met) == ("rejected", "would_trigger_immediately", "0", "0", "0")
    assert (met["reject_if_triggered"], met["working_since"]) == (True, None)


@pytest.mark.parametrize(
    ("time_in_force", "expected"),
    [
        ("gtc", ("partially_filled", None, "1", "1", "0")),
        ("ioc", ("canceled", "ioc_remainder", "1", "0", "0")),
        ("fok", ("canceled", "fok_unfillable", "0", "0", "0")),
    ],
)
def test_a_fired_limit_order_runs_as_its_time_in_force_says(
    shared_exchange: Exchange, symbol: str, time_in_force: str, expected: tuple[Any, ...]
) -> None:
    shared_exchange.trade(symbol, "100")
    waiting = place(
        shared_exchange,
        symbol,
        "trailing_stop_limit",
        "sell",
        "2",
        "98",
        trailing_amount="1",
        time_in_force=time_in_force,
    )
    assert (waiting["working_since"], waiting.get("time_in_force", "gtc")) == (None, time_in_force)
    shared_exchange.trade(symbol, "101")
    place(shared_exchange, symbol, "limit", "buy", "1", "98.5")
    shared_exchange.trade(symbol, "100")
    fired = look_up(shared_exchange, waiting)
    assert outcome(fired) == expected
    assert waiting["timestamp"] < fired["working_since"] <= fired["updated"]


def test_a_fired_iceberg_shows_its_part(shared_exchange: Exchange, symbol: str) -> None:
    place(shared_exchange, symbol, "stop_limit", "sell", "5", "111", trigger_price="110", display_quantity="2")
    shared_exchange.trade(symbol, "110")
    assert depth(shared_exchange, symbol) == ([], [["111", "2"]])


def test_a_tag_is_the_accounts_alone(shared_exchange: Exchange, symbol: str, account: str) -> None:
    """Its states and listings have it; depth, trades and market data do not."""
    tag = "grid~7!"
    with (
        shared_exchange.stream("/ws/marketdata", symbol) as depths,
        shared_exchange.stream("/ws/trades", symbol) as printed,
    ):
        resting = place(shared_exchange, symbol, "limit", "sell", "2", "100", account=account, tag=tag)
        taking = place(shared_exchange, symbol, "market", "buy", "1", tag=tag)
        assert (resting["tag"], taking["tag"], look_up(shared_exchange, resting)["tag"]) == (tag, tag, tag)
        assert [each["tag"] for each in shared_exchange.get("/orders", account=account)["orders"]] == [tag]
        public = [
            *(shared_exchange.http.get(path, params={"symbol": symbol}).text for path in ("/depth", "/bbo", "/trades")),
            *receive_until(depths, lambda message: bool(message["asks"])),
            receive(printed),
        ]
    assert not any(tag in str(text) for text in public)


# Refusals: each of them changes nothing


REFUSALS: dict[str, tuple[Json, tuple[int, str, str]]] = {
    "expire_time in the past": ({"expire_time": "2020-01-01T00:00:00Z"}, (422, "expire_time_past", "expire_time")),
    "expire_time before 1970": ({"expire_time": "1960-01-01T00:00:00Z"}, (422, "expire_time_past", "expire_time")),
    "expire_time without offset": ({"expire_time": "2100-01-01T00:00:00"}, (422, "invalid_value", "expire_time")),
    "display off lot": ({"display_quantity": "0.0015"}, (422, "display_quantity_off_lot", "display_quantity")),
    "display off decimals": ({"display_quantity": "0.0000001"}, (422, "display_quantity_off_lot", "display_quantity")),
    "display too large": ({"display_quantity": "1.002"}, (422, "display_quantity_too_large", "display_quantity")),
    "quote_quantity limit": (
        {"quantity": None, "quote_quantity": "10"},
        (422, "quote_quantity_not_allowed", "quote_quantity"),
    ),
    "trailing_bps of everything": (
        {"order_type": "trailing_stop", "price": None, "trailing_bps": 10_000},
        (422, "invalid_value", "trailing_bps"),
    ),
    "trailing_amount off tick": (
        {"order_type": "trailing_stop", "price": None, "trailing_amount": "1.03"},
        (422, "trailing_amount_off_tick", "trailing_amount"),
    ),
    "trailing_amount too large": (
        {"order_type": "trailing_stop", "price": None, "trailing_amount": "10000000.05"},
        (422, "trailing_amount_too_large", "trailing_amount"),
    ),
    "activation_price off tick": (
        {"order_type": "trailing_stop", "price": None, "trailing_bps": 10, "activation_price": "1.03"},
        (422, "activation_price_off_tick", "activation_price"),
    ),
    "activation_price too large": (
        {"order_type": "trailing_stop", "price": None, "trailing_bps": 10, "activation_price": "10000000.05"},
        (422, "activation_price_too_large", "activation_price"),
    ),
    "unknown self_trade_prevention": (
        {"self_trade_prevention": "both"},
        (422, "invalid_value", "self_trade_prevention"),
    ),
}


@pytest.fixture(scope="module")
def coarse(shared_exchange: Exchange) -> str:
    """An instrument whose tick and lot are coarser than its decimals."""
    return shared_exchange.add_instrument(tick_size="0.05", lot_size="0.002")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_wrong_use_is_refused_and_changes_nothing(
    shared_exchange: Exchange, coarse: str, account: str, name: str
) -> None:
    changes, expected = REFUSALS[name]
    body = {
        "symbol": coarse,
        "order_type": "limit",
        "side": "buy",
        "quantity": "1",
        "price": "100",
        "account": account,
        **changes,
    }
    body["client_order_id"] = "again"
    body = {field: value for field, value in body.items() if value is not None}
    before = shared_exchange.get("/admin/digest")["digest"]
    assert problem(shared_exchange.http.post("/orders", json=body)) == expected
    assert shared_exchange.get("/orders", account=account)["orders"] == []
    assert shared_exchange.get("/admin/digest")["digest"] == before
    # The client_order_id was not used up.
    assert (
        place(shared_exchange, coarse, "limit", "buy", "1", "50", account=account, client_order_id="again")["status"]
        == "open"
    )
