"""Order management in the dashboard: every field of every type, and editing in place."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser
from tests.e2e.dashboard_orders import edit, place_oco, rest

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def dashboard(browser: "Browser", shared_exchange: Exchange, symbol: str) -> Iterator[Dashboard]:
    with opened(browser, shared_exchange, symbol) as dashboard:
        yield dashboard


def test_a_limit_order_is_placed_with_all_that_it_takes(dashboard: Dashboard) -> None:
    later = (datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)).astimezone()
    order = dashboard.place(
        "limit",
        "buy",
        "2",
        "99.5",
        post_only=True,
        display_quantity="0.5",
        expire_time=f"{later:%Y-%m-%dT%H:%M:%S}",
        self_trade_prevention="cancel_oldest",
    )
    assert (order["status"], order["post_only"], order["display_quantity"]) == ("open", True, "0.5")
    assert datetime.fromisoformat(order["expire_time"]) == later
    assert order["self_trade_prevention"] == "cancel_oldest"
    for words in (
        "post only",
        "iceberg, shows 0.5",
        f"expires {later.day} ",
        f"{later:%H:%M:%S}",
        "self-trade: cancel oldest",
    ):
        expect(dashboard.own(order)).to_contain_text(words)
    dashboard.expect_book(bids={"99.5": "0.5"}, asks={})

    dashboard.find("#options summary").click()
    expect(dashboard.find("#options-chosen")).to_contain_text("post only, shows 0.5 at a time, expires")
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "0.25", "99.5", account="someone")
    dashboard.expect_book(bids={"99.5": "0.25"}, asks={})
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "1", "100")
    rejected = dashboard.place("limit", "buy", "1", "100")
    assert (rejected["status"], rejected["reason"]) == ("rejected", "post_only_would_cross")
    dashboard.expect_answer("bad", "rejected: it is post only and would have taken")


def test_a_market_order_spends_quote_currency(dashboard: Dashboard) -> None:
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "2", "100")
    dashboard.fill("market", "buy", quote_quantity="50.0005")
    expect(dashboard.find("#quantity")).to_be_hidden()
    expect(dashboard.find("#order-value")).to_have_text("Spends at most 50.0005 USDT, fee at most 0.100001 USDT")
    status, order = dashboard.submit()
    assert (status, order["status"], order["quote_quantity"]) == (200, "filled", "50.0005")
    assert (order["quantity"], order["unspent_quote_quantity"]) == ("0.5", "0.0005")
    dashboard.expect_answer("good", "Buy for 50.0005 USDT, market: 0.5 BTC filled.")
    expect(dashboard.find("#answer-detail")).to_contain_text("0.0005 USDT was not used.")
    dashboard.find("#fills-tab").click()
    dashboard.expect_fills(("▲ buy", "100.00", "0.50000", "0.1", "taker"))


def test_a_take_profit_limit_waits_and_rests(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    exchange.trade(symbol, "100")
    order = dashboard.place("take_profit_limit", "sell", "1", price="111", trigger_price="110", post_only=True)
    assert (order["status"], order["post_only"]) == ("pending", True)
    expect(dashboard.own(order)).to_contain_text("trigger 110.00")
    exchange.trade(symbol, "110")
    expect(dashboard.own(order).locator(".status")).to_contain_text("open")
    expect(dashboard.find("#orders-news")).to_contain_text(f"Sell take profit limit {order['order_id']} triggered")
    dashboard.expect_book(bids={}, asks={"111": "1"})


def test_the_trigger_of_a_trailing_stop_is_seen_moving(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    exchange.trade(symbol, "100")
    by_amount = dashboard.place("trailing_stop", "sell", "1", trailing_amount="2")
    assert (by_amount["status"], by_amount["trailing_amount"], by_amount["trigger_price"]) == ("pending", "2", None)
    dashboard.expect_answer("neutral", "waits for the next trade, which it follows")
    by_bps = dashboard.place("trailing_stop", "sell", "1", trailing_bps="50", activation_price="101")
    assert (by_bps["trailing_bps"], by_bps["activation_price"]) == (50, "101")
    dashboard.expect_answer("neutral", "waits for its activation at 101 USDT")
    for order, words in (
        (by_amount, ("trails by 2.00", "from the next trade on")),
        (by_bps, ("trails by 50 bps", "from 101.00 on")),
    ):
        for text in words:
            expect(dashboard.own(order)).to_contain_text(text)

    for price, triggers in (
        ("101", ("99.00", "100.49")),
        ("103", ("101.00", "102.48")),
        ("102.5", ("101.00", "102.48")),
    ):
        exchange.trade(symbol, price)
        for order, trigger in zip((by_amount, by_bps), triggers, strict=True):
            expect(dashboard.own(order)).to_contain_text(f"trigger {trigger}")

    exchange.place(symbol, "limit", "buy", "2", "102")
    exchange.place(symbol, "limit", "sell", "1", "102")
    expect(dashboard.own(by_bps)).to_have_count(0)
    expect(dashboard.own(by_amount)).to_have_count(1)
    dashboard.expect_status(by_bps, "filled", "1")


def test_a_trailing_stop_limit_shows_its_terms(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    exchange.trade(symbol, "100")
    order = dashboard.place(
        "trailing_stop_limit",
        "sell",
        "1",
        "90",
        trailing_amount="2",
        time_in_force="ioc",
        reject_if_triggered=True,
        tag="grid-7",
    )
    assert (order["time_in_force"], order["reject_if_triggered"], order["tag"]) == ("ioc", True, "grid-7")
    for words in ("trailing stop limit", "trails by 2.00", "from the next trade on", "runs as IOC", "tag grid-7"):
        expect(dashboard.own(order)).to_contain_text(words)
    exchange.trade(symbol, "105")
    expect(dashboard.own(order)).to_contain_text("trigger 103.00")


def test_what_would_fire_at_once_is_told(dashboard: Dashboard) -> None:
    dashboard.exchange.trade(dashboard.symbol, "100")
    order = dashboard.place("stop_market", "sell", "1", trigger_price="100", reject_if_triggered=True)
    assert order["status"] == "rejected"
    dashboard.expect_answer("bad", "the last trade already meets its trigger")


def test_what_is_wrong_is_said_at_its_field(dashboard: Dashboard) -> None:
    dashboard.failing = ("/orders", "/orders/oco")

    def expect_refused(code: str, field: str) -> None:
        status, problem = dashboard.submit()
        assert (status, problem["code"], problem["field"]) == (422, code, field)
        control = dashboard.find(f"#order-form [name='{field}']")
        expect(control).to_have_attribute("aria-invalid", "true")
        expect(control).to_be_focused()
        expect(dashboard.find(f"#order-form [data-field='{field}'] .field-error")).to_have_text(problem["detail"])
        expect(dashboard.find("#order-form [aria-invalid]")).to_have_count(1)

    dashboard.fill("limit", "sell", quantity="1", price="100", display_quantity="2")
    dashboard.find("#options summary").click()
    expect_refused("display_quantity_too_large", "display_quantity")
    dashboard.fill("limit", "sell", display_quantity="", expire_time="2001-01-01T00:00:00")
    expect_refused("expire_time_past", "expire_time")
    dashboard.fill("trailing_stop", "sell", quantity="1", trailing_bps="10000")
    expect_refused("invalid_value", "trailing_bps")
    dashboard.fill("oco", "sell", quantity="1", price="110", stop_trigger_price="90", expire_time="")
    expect_refused("no_last_trade", "stop_trigger_price")
    dashboard.exchange.trade(dashboard.symbol, "100")
    dashboard.fill("oco", "sell", price="99")
    expect_refused("price_on_wrong_side", "price")
    dashboard.fill("oco", "sell", price="110", stop_price="89.999")
    expect_refused("price_off_tick", "stop_price")

    for text in ("", "ten"):
        dashboard.fill("trailing_stop", "sell", trailing_bps=text)
        dashboard.find("#submit").click()
        expect(dashboard.find("#trailing-bps")).to_have_attribute("aria-invalid", "true")
    expect(dashboard.find("#trailing-bps-error")).to_have_text("Trail takes a whole number.")
    assert dashboard.exchange.get("/orders", account=dashboard.account)["orders"] == []


def test_an_order_is_amended_in_its_row(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    order = rest(dashboard, "sell", "2", "105")
    exchange.place(symbol, "limit", "sell", "1", "101")
    row = edit(dashboard, order)
    expect(row.get_by_label("Price")).to_be_focused()
    row.get_by_label("Price").fill("101")
    row.get_by_label("Quantity in all").fill("1.5")
    sent = dashboard.answer_to(lambda: row.get_by_label("Quantity in all").press("Enter"), "PATCH", "/orders")
    assert (sent[0], sent[1]["price"], sent[1]["quantity"]) == (200, "101", "1.5")
    dashboard.expect_answer("good", "Amended. Sell 1.5 BTC, limit: rests in the book at 101 USDT.")
    expect(row.locator(".price .main")).to_have_text("101.00")
    expect(row.locator("input")).to_have_count(0)
    expect(row.get_by_role("button", name="Edit")).to_be_focused()
    dashboard.expect_book(bids={}, asks={"101": "2.5"})

    # It stands behind the other order now.
    exchange.place(symbol, "market", "buy", "1.5")
    expect(row.locator(".quantity .main")).to_have_text("1.00000")
    expect(row.locator(".quantity .more")).to_have_text("of 1.50000")
    exchange.place(symbol, "limit", "buy", "0.25", "100")
    row.locator(".quantity").dblclick()
    expect(row.get_by_label("Quantity in all")).to_be_focused()
    row.get_by_label("Price").fill("100.01")
    row.get_by_label("Price").press("ArrowDown")
    with dashboard.page.expect_request(lambda request: request.method == "PATCH") as caught:
        row.get_by_role("button", name="Save").click()
    assert caught.value.post_data_json == {"price": "100"}
    dashboard.expect_answer("good", "Amended.")
    expect(dashboard.find("#answer-detail")).to_contain_text("Average price")
    dashboard.expect_book(bids={}, asks={"100": "0.75"})


def test_an_amend_that_is_refused_is_told_at_its_row(dashboard: Dashboard) -> None:
    order = rest(dashboard, "sell", "2", "105")
    dashboard.exchange.place(dashboard.symbol, "market", "buy", "1")
    dashboard.failing = (f"/orders/{order['order_id']}",)
    row = edit(dashboard, order)
    quantity = row.get_by_label("Quantity in all")
    quantity.fill("1")
    status, problem = dashboard.answer_to(lambda: quantity.press("Enter"), "PATCH", "/orders")
    assert (status, problem["code"]) == (409, "quantity_below_filled")
    expect(row.get_by_role("alert")).to_contain_text(problem["detail"])
    expect(quantity).to_have_attribute("aria-invalid", "true")
    expect(quantity).to_be_focused()
    expect(dashboard.find("#answer")).to_have_attribute("data-kind", "none")

    # What comes meanwhile is seen, but what was typed stays; Escape leaves all as it is.
    dashboard.exchange.place(dashboard.symbol, "market", "buy", "0.5")
    expect(row.locator(".quantity .main")).to_have_text("0.50000")
    expect(quantity).to_have_value("1")
    quantity.press("Escape")
    expect(row.locator("input")).to_have_count(0)
    expect(row.get_by_role("alert")).to_have_count(0)
    expect(row.get_by_role("button", name="Edit")).to_be_focused()
    dashboard.expect_book(bids={}, asks={"105": "0.5"})

    edit(dashboard, order)
    dashboard.exchange.place(dashboard.symbol, "market", "buy", "0.5")
    expect(row).to_have_count(0)
    expect(dashboard.find("#orders-tab")).to_be_focused()


def test_only_what_an_amend_takes_can_be_edited(dashboard: Dashboard) -> None:
    dashboard.exchange.trade(dashboard.symbol, "100")
    names = {
        "limit": (["price", "quantity"], {"price": "90"}),
        "stop_market": (["trigger_price", "quantity"], {"trigger_price": "110"}),
        "stop_limit": (["price", "trigger_price", "quantity"], {"price": "111", "trigger_price": "110"}),
        "trailing_stop": (["quantity"], {"trailing_bps": "50"}),
        "trailing_stop_limit": (["price", "quantity"], {"price": "90", "trailing_bps": "50"}),
    }
    for order_type, (inputs, fields) in names.items():
        order = dashboard.place(order_type, "buy", "1", **fields)
        row = edit(dashboard, order)
        assert row.locator("input").evaluate_all("inputs => inputs.map(input => input.name)") == inputs, order_type
        if order_type == "stop_market":
            row.get_by_label("Trigger").fill("120")
            row.get_by_label("Trigger").press("Enter")
            expect(row.locator(".price .more")).to_have_text("trigger 120.00")
        else:
            row.get_by_role("button", name="Leave").click()
        expect(row.locator("input")).to_have_count(0)


def test_one_of_a_pair_cancels_the_other(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    exchange.trade(symbol, "100")
    limit, stop = place_oco(dashboard, side="sell", quantity="2", price="110", stop_trigger_price="90", stop_price="89")
    dashboard.expect_answer("good", "Sell 2 BTC, OCO: the limit order rests in the book at 110 USDT.")
    expect(dashboard.own(limit)).to_contain_text(f"one cancels the other: order {stop['order_id']}")
    expect(dashboard.own(stop)).to_contain_text(f"one cancels the other: order {limit['order_id']}")
    expect(dashboard.own(stop).locator(".price")).to_contain_text("trigger 90.00")

    exchange.place(symbol, "market", "buy", "0.5")
    expect(dashboard.own(limit).locator(".quantity")).to_contain_text("1.5")
    expect(dashboard.own(stop).locator(".quantity")).to_contain_text("1.5")
    exchange.place(symbol, "market", "buy", "1.5")
    expect(dashboard.own_orders).to_have_count(0)
    dashboard.expect_status(limit, "filled", "2")
    dashboard.expect_status(stop, "canceled", "0")

    pair = place_oco(dashboard, side="sell", quantity="1", price="120", stop_trigger_price="95", stop_price="")
    expect(dashboard.own_orders).to_have_count(2)
    dashboard.cancel(pair[1])
    dashboard.expect_answer("neutral", "Canceled: sell 1 BTC, stop market.")
    expect(dashboard.own_orders).to_have_count(0)
    expect(dashboard.find("#orders-news")).to_contain_text("canceled: the other order of the pair has ended")


def test_self_trade_prevention_and_expiry_are_seen(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    order = rest(dashboard, "sell", "2", "100")
    dashboard.place("limit", "buy", "0.5", "100", self_trade_prevention="decrement")
    expect(dashboard.find("#answer-detail")).to_contain_text("Self-trade prevention took 0.5 BTC off it.")
    expect(dashboard.own(order)).to_contain_text("0.5 prevented")
    expect(dashboard.own(order).locator(".quantity")).to_contain_text("1.5")
    dashboard.expect_book(bids={}, asks={"100": "1.5"})

    expire_time = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    short = exchange.place(symbol, "limit", "sell", "1", "101", account=dashboard.account, expire_time=expire_time)
    expect(dashboard.find("#orders-news")).to_contain_text(
        f"Sell limit {short['order_id']} canceled: its time has passed."
    )
    expect(dashboard.own_orders).to_have_count(1)
    dashboard.expect_book(bids={}, asks={"100": "1.5"})


def test_orders_of_all_instruments_are_shown_and_canceled(dashboard: Dashboard) -> None:
    exchange = dashboard.exchange
    other = exchange.add_instrument(base="ETH")
    rest(dashboard, "sell", "2", "105")
    elsewhere = exchange.place(other, "limit", "buy", "3", "50", account=dashboard.account)
    exchange.place(other, "market", "sell", "1")
    expect(dashboard.find("#elsewhere")).to_have_text("1 more")
    expect(dashboard.own_orders).to_have_count(1)
    dashboard.find("#fills-tab").click()
    expect(dashboard.find("#fills tbody tr")).to_have_count(0)

    dashboard.find("#all-instruments").check()
    expect(dashboard.own(elsewhere)).to_have_count(1)
    expect(dashboard.own_orders).to_have_count(2)
    expect(dashboard.find("#fills tbody tr")).to_have_count(1)
    expect(dashboard.find("#fills .symbol")).to_have_text(other)
    dashboard.find("#cancel-all").click()
    expect(dashboard.find("#confirm-question")).to_have_text(
        f"Cancel all 2 orders of account {dashboard.account} in all instruments?"
    )
    dashboard.find("#confirm-yes").click()
    dashboard.expect_answer("neutral", f"2 orders of account {dashboard.account} in all instruments canceled.")
    expect(dashboard.own_orders).to_have_count(0)


def test_a_phone_has_room_for_editing_and_all_options(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with opened(
        browser, shared_exchange, symbol, viewport={"width": 380, "height": 760}, color_scheme="dark"
    ) as dashboard:
        shared_exchange.trade(symbol, "9876541.12", "8765.43219")
        limit, stop = place_oco(
            dashboard, side="sell", quantity="8000.12345", price="9976541.12", stop_trigger_price="9776541.12"
        )
        shared_exchange.place(symbol, "market", "buy", "7000.12345")
        expect(dashboard.own(stop).locator(".quantity")).to_contain_text("1,000")
        dashboard.open_options()
        dashboard.go("orders")
        edit(dashboard, limit).get_by_label("Price").fill("9976541.123456789")
        expect(dashboard.own(stop)).to_have_count(1)
        for selector in ("#fills-tab", "#orders-tab"):
            dashboard.find(selector).click()
            assert dashboard.page.evaluate("document.documentElement.scrollWidth") == 380
