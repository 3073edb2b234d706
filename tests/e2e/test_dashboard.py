"""The dashboard as a user has it: headless Chromium against a running exchange. Each test has an instrument and an
account of its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

ALWAYS = ["self_trade_prevention", "tag", "client_order_id"]
RESTS = ["post_only", "display_quantity", "expire_time"]
WAITING_LIMIT = [*RESTS, "time_in_force", "reject_if_triggered"]

FIELDS = {
    "limit": ["price", "quantity", *RESTS, *ALWAYS],
    "market": ["quantity", "max_slippage_bps", *ALWAYS],
    "ioc": ["price", "quantity", *ALWAYS],
    "fok": ["price", "quantity", *ALWAYS],
    "stop_market": ["trigger_price", "quantity", "max_slippage_bps", "reject_if_triggered", *ALWAYS],
    "stop_limit": ["trigger_price", "price", "quantity", *WAITING_LIMIT, *ALWAYS],
    "take_profit": ["trigger_price", "quantity", "max_slippage_bps", "reject_if_triggered", *ALWAYS],
    "take_profit_limit": ["trigger_price", "price", "quantity", *WAITING_LIMIT, *ALWAYS],
    "trailing_stop": [
        *("trailing_bps", "activation_price", "quantity", "max_slippage_bps", "reject_if_triggered"),
        *ALWAYS,
    ],
    "trailing_stop_limit": ["trailing_bps", "activation_price", "price", "quantity", *WAITING_LIMIT, *ALWAYS],
    "oco": [
        *("price", "stop_trigger_price", "stop_price", "quantity", "post_only", "expire_time", "cancel_on_first_fill"),
        *ALWAYS,
    ],
}

BRIGHTNESS = """(root, property) => {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(root)[property];
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}"""
"""From 0 for black to 1 for white, whatever the style sheet writes the colour in."""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def dashboard(browser: "Browser", shared_exchange: Exchange, symbol: str) -> Iterator[Dashboard]:
    with opened(browser, shared_exchange, symbol) as dashboard:
        yield dashboard


def test_the_form_shows_only_what_the_order_type_takes(dashboard: Dashboard) -> None:
    offered = dashboard.find("#order-type option").evaluate_all("options => options.map(option => option.value)")
    assert offered == list(FIELDS)
    shown = "fields => fields.filter(field => field.checkVisibility()).map(field => field.dataset.field)"
    dashboard.open_options()
    for order_type, names in FIELDS.items():
        dashboard.find("#order-type").select_option(order_type)
        assert sorted(dashboard.find("#order-form [data-field]").evaluate_all(shown)) == sorted(names), order_type


def test_a_limit_order_rests_in_the_book_and_among_the_open_orders(dashboard: Dashboard) -> None:
    dashboard.expect_book({}, {})
    buy = dashboard.place("limit", "buy", "0.5", "99.5")
    assert (buy["status"], buy["account"], buy["symbol"]) == ("open", dashboard.account, dashboard.symbol)
    dashboard.expect_answer("good", "rests in the book at 99.5 USDT")
    sell = dashboard.place("limit", "sell", "0.25", "100.5")
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "2", "101")
    dashboard.expect_book(bids={"99.5": "0.5"}, asks={"100.5": "0.25", "101": "2"})
    expect(dashboard.find("#spread")).to_have_attribute("data-value", "1")
    expect(dashboard.own_orders).to_have_count(2)
    expect(dashboard.own(buy)).to_contain_text("open")
    expect(dashboard.own(sell)).to_contain_text("0.25")


def test_a_market_order_trades_and_its_trade_is_on_the_tape(dashboard: Dashboard) -> None:
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "2", "100")
    order = dashboard.place("market", "buy", "0.75")
    assert order["status"] == "filled"
    dashboard.expect_answer("good", "filled")
    row = dashboard.find(f"#tape tr[data-trade-id='{order['trades'][0]['trade_id']}']")
    for words in ("buy", "100", "0.75"):
        expect(row).to_contain_text(words)
    expect(dashboard.find("#tape tr[data-trade-id]")).to_have_count(1)
    expect(dashboard.find("#last-price")).to_have_text("100.00")
    dashboard.expect_book(bids={}, asks={"100": "1.25"})


def test_an_ioc_order_takes_what_is_there_and_never_rests(dashboard: Dashboard) -> None:
    dashboard.exchange.place(dashboard.symbol, "limit", "buy", "1", "100")
    order = dashboard.place("ioc", "sell", "3", "100")
    assert (order["status"], order["filled_quantity"], order["reason"]) == ("canceled", "1", "ioc_remainder")
    dashboard.expect_answer("neutral", "1 of 3 BTC filled; the rest was canceled")
    dashboard.expect_book({}, {})


def test_a_fok_order_is_filled_whole_or_not_at_all(dashboard: Dashboard) -> None:
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "1", "100")
    killed = dashboard.place("fok", "buy", "1.5", "100")
    assert (killed["status"], killed["filled_quantity"]) == ("canceled", "0")
    dashboard.expect_answer("neutral", "canceled: the book could not fill all of it")
    dashboard.expect_book(bids={}, asks={"100": "1"})
    assert dashboard.place("fok", "buy", "1", "100")["status"] == "filled"
    dashboard.expect_answer("good", "filled")
    dashboard.expect_book({}, {})


def test_trigger_orders_wait_and_fire(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    exchange.trade(symbol, "100")
    stop = dashboard.place("stop_market", "buy", "1", trigger_price="105")
    dashboard.expect_answer("neutral", "waits for its trigger at 105 USDT")
    stop_limit = dashboard.place("stop_limit", "sell", "1", price="94", trigger_price="95")
    profit = dashboard.place("take_profit", "sell", "1", trigger_price="110")
    for order, words in ((stop, "trigger 105"), (stop_limit, "trigger 95"), (profit, "trigger 110")):
        assert order["status"] == "pending"
        expect(dashboard.own(order)).to_contain_text("pending")
        expect(dashboard.own(order)).to_contain_text(words)
    dashboard.expect_book({}, {})

    exchange.place(symbol, "limit", "sell", "2", "105")
    exchange.place(symbol, "market", "buy", "1")
    expect(dashboard.own(stop)).to_have_count(0)
    dashboard.expect_status(stop, "filled", "1")

    exchange.place(symbol, "limit", "buy", "1", "95")
    exchange.place(symbol, "market", "sell", "1")
    expect(dashboard.own(stop_limit)).to_contain_text("open")
    dashboard.expect_book(bids={}, asks={"94": "1"})
    expect(dashboard.own(profit)).to_contain_text("pending")

    dashboard.cancel(stop_limit)
    dashboard.expect_book({}, {})
    exchange.place(symbol, "limit", "buy", "2", "110")
    exchange.place(symbol, "market", "sell", "1")
    expect(dashboard.own(profit)).to_have_count(0)
    dashboard.expect_status(profit, "filled", "1")


def test_a_trigger_order_whose_trigger_is_met_fires_at_once(dashboard: Dashboard) -> None:
    dashboard.exchange.trade(dashboard.symbol, "100")
    dashboard.exchange.place(dashboard.symbol, "limit", "buy", "1", "99")
    assert dashboard.place("take_profit", "sell", "1", trigger_price="98")["status"] == "filled"
    dashboard.expect_answer("good", "filled")


def test_a_refused_price_marks_its_field(dashboard: Dashboard) -> None:
    dashboard.failing = ("/orders",)
    dashboard.fill("limit", "buy", quantity="1", price="100.001")
    status, problem = dashboard.submit()
    assert (status, problem["code"], problem["field"]) == (422, "price_off_tick", "price")
    dashboard.expect_answer("bad", "The order was refused")
    expect(dashboard.find("#price")).to_have_attribute("aria-invalid", "true")
    expect(dashboard.find("#price")).to_be_focused()
    expect(dashboard.find("#price-error")).to_contain_text(problem["detail"])
    expect(dashboard.find("#quantity:not([aria-invalid])")).to_have_count(1)

    dashboard.find("#price").fill("100.01")
    expect(dashboard.find("#price:not([aria-invalid])")).to_have_count(1)
    assert dashboard.submit()[0] == 200
    dashboard.expect_answer("good", "rests in the book at 100.01 USDT")


def test_a_missing_field_is_marked_and_nothing_is_sent(dashboard: Dashboard) -> None:
    dashboard.fill("stop_limit", "buy", quantity="1", price="100")
    dashboard.find("#submit").click()
    expect(dashboard.find("#trigger-price")).to_have_attribute("aria-invalid", "true")
    dashboard.expect_answer("bad", "The order was not sent: Trigger price is missing.")
    assert dashboard.exchange.get("/orders", account=dashboard.account)["orders"] == []


def test_a_client_order_id_stands_for_one_order(dashboard: Dashboard) -> None:
    orders = []
    for _ in range(2):
        dashboard.fill("limit", "buy", quantity="1", price="100", client_order_id="once")
        orders.append(dashboard.submit()[1])
    assert orders[0]["order_id"] == orders[1]["order_id"]
    expect(dashboard.find("#answer-detail")).to_contain_text("Nothing new was placed")
    dashboard.expect_book(bids={"100": "1"}, asks={})


def test_own_orders_are_canceled_one_by_one_or_all_at_once(dashboard: Dashboard) -> None:
    foreign = dashboard.exchange.place(dashboard.symbol, "limit", "buy", "1", "97")
    first, second, third = (dashboard.place("limit", "buy", "1", price) for price in ("100", "99", "98"))
    expect(dashboard.own_orders).to_have_count(3)
    assert dashboard.own(foreign).count() == 0

    dashboard.cancel(second)
    dashboard.expect_answer("neutral", "Canceled: buy 1 BTC")
    expect(dashboard.own(second)).to_have_count(0)
    dashboard.expect_book(bids={"100": "1", "98": "1", "97": "1"}, asks={})
    dashboard.expect_status(second, "canceled", "0")

    dashboard.find("#cancel-all").click()
    expect(dashboard.find("#confirm-question")).to_have_text(
        f"Cancel all 2 orders of account {dashboard.account} in {dashboard.symbol}?"
    )
    dashboard.page.keyboard.press("Escape")
    expect(dashboard.find("#confirm")).to_be_hidden()
    expect(dashboard.find("#cancel-all")).to_be_focused()
    for order in (first, third):
        dashboard.expect_status(order, "open", "0")
    dashboard.find("#cancel-all").click()
    dashboard.find("#confirm-yes").click()
    dashboard.expect_answer("neutral", f"2 orders of account {dashboard.account} in {dashboard.symbol} canceled")
    expect(dashboard.own_orders).to_have_count(0)
    expect(dashboard.find("#cancel-all")).to_be_disabled()
    dashboard.expect_book(bids={"97": "1"}, asks={})


def test_a_level_of_the_book_gives_its_price_to_the_form(dashboard: Dashboard) -> None:
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "1", "101.5")
    dashboard.find("#asks tr[data-price='101.5'] button").click()
    expect(dashboard.find("#price")).to_have_value("101.5")


def test_another_instrument_and_another_account_are_shown_when_chosen(dashboard: Dashboard) -> None:
    exchange = dashboard.exchange
    other, friend = exchange.add_instrument(), f"{dashboard.account}-friend"
    exchange.place(dashboard.symbol, "limit", "buy", "1", "100")
    mine = exchange.place(other, "limit", "sell", "3", "200", account=dashboard.account)
    theirs = exchange.place(other, "limit", "sell", "4", "300", account=friend)
    dashboard.expect_book(bids={"100": "1"}, asks={})

    dashboard.page.reload()
    dashboard.wait_until_live()
    dashboard.find("#symbol").select_option(other)
    dashboard.expect_book(bids={}, asks={"200": "3", "300": "4"})
    expect(dashboard.own(mine)).to_have_count(1)
    dashboard.find("#account").fill(friend)
    dashboard.find("#account").press("Enter")
    expect(dashboard.own(theirs)).to_have_count(1)
    expect(dashboard.own(mine)).to_have_count(0)

    dashboard.page.reload()
    expect(dashboard.find("#symbol")).to_have_value(other)
    expect(dashboard.find("#account")).to_have_value(friend)
    expect(dashboard.own(theirs)).to_have_count(1)


def test_the_dashboard_comes_back_after_the_matcher_was_lost(browser: "Browser", exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    with opened(browser, exchange, symbol) as dashboard:
        order = dashboard.place("limit", "buy", "1", "100")
        exchange.place(symbol, "limit", "sell", "2", "101")
        dashboard.expect_book(bids={"100": "1"}, asks={"101": "2"})

        dashboard.failing = ("/health", "/orders", "/fills", "/instruments", "/trades")
        exchange.matcher.kill()
        expect(dashboard.find("#connection")).to_have_attribute("data-state", "down")
        expect(dashboard.find("#connection-state")).to_have_text("Exchange down")
        expect(dashboard.find("#connection-notice")).to_be_visible()
        dashboard.fill("limit", "buy", quantity="1", price="99")
        assert dashboard.submit()[0] == 503
        dashboard.expect_answer("bad", "The order was not taken: the exchange is down or busy")

        exchange.matcher.restart()
        dashboard.wait_until_live()
        expect(dashboard.find("#connection-notice")).to_be_hidden()
        dashboard.expect_book(bids={"100": "1"}, asks={"101": "2"})
        expect(dashboard.own(order)).to_have_count(1)
        assert dashboard.place("market", "buy", "0.5")["status"] == "filled"
        dashboard.expect_book(bids={"100": "1"}, asks={"101": "1.5"})
        expect(dashboard.find("#tape tr[data-trade-id]")).to_have_count(1)


def test_a_phone_shows_it_without_scrolling_sideways(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    shared_exchange.trade(symbol, "9876541.12", "8765.43219")
    with opened(browser, shared_exchange, symbol, viewport={"width": 360, "height": 740}) as dashboard:
        for side, whole in (("sell", 9876542), ("buy", 9876540)):
            shared_exchange.place(symbol, "limit", side, "8765.43219", f"{whole}.12", account=dashboard.account)
        dashboard.expect_book(bids={"9876540.12": "8765.43219"}, asks={"9876542.12": "8765.43219"})
        expect(dashboard.own_orders).to_have_count(2)
        expect(dashboard.find("#tape tr[data-trade-id]")).to_have_count(1)
        dashboard.place("stop_limit", "buy", "0.5", price="9876550.56", trigger_price="9876549.56")
        expect(dashboard.own_orders).to_have_count(3)
        width, available = dashboard.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert available == 360
        assert width <= available


def test_an_order_is_placed_and_canceled_by_keyboard_alone(dashboard: Dashboard) -> None:
    keyboard = dashboard.page.keyboard

    def go_to(selector: str) -> None:
        keyboard.press("Tab")
        expect(dashboard.find(selector)).to_be_focused()

    go_to(".skip")
    keyboard.press("Enter")
    expect(dashboard.find("#order-form")).to_be_focused()
    go_to("#side-buy")
    keyboard.press("ArrowRight")
    expect(dashboard.find("#side-sell")).to_be_checked()
    go_to("#order-type")
    keyboard.type("Stop l")
    expect(dashboard.find("#order-type")).to_have_value("stop_limit")
    go_to("#trigger-price")
    keyboard.type("90")
    keyboard.press("ArrowUp")
    expect(dashboard.find("#trigger-price")).to_have_value("90.01")
    go_to("#price")
    keyboard.type("89.5")
    go_to("#quantity")
    keyboard.type("0.5")
    status, order = dashboard.answer_to(lambda: keyboard.press("Enter"), "POST", "/orders")
    assert status == 200
    assert (order["status"], order["side"], order["trigger_price"], order["price"]) == (
        "pending",
        "sell",
        "90.01",
        "89.5",
    )
    dashboard.expect_answer("neutral", "waits for its trigger at 90.01 USDT")

    expect(dashboard.own(order)).to_have_count(1)
    own = ("#orders-tab", "#all-instruments", "#filter-side", "#filter-type", "#cancel-all")
    for selector in ("#options summary", "#submit", *own):
        go_to(selector)
    for name in ("Edit", "Cancel"):
        keyboard.press("Tab")
        expect(dashboard.own(order).get_by_role("button", name=name)).to_be_focused()
    keyboard.press("Enter")
    dashboard.expect_answer("neutral", "Canceled: sell 0.5 BTC")
    expect(dashboard.own(order)).to_have_count(0)


def test_the_dark_scheme_follows_the_system_and_the_choice_is_kept(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with opened(browser, shared_exchange, symbol, color_scheme="dark") as dashboard:

        def expect_dark(*, dark: bool) -> None:
            background, text = (
                dashboard.find("html").evaluate(BRIGHTNESS, name) for name in ("backgroundColor", "color")
            )
            assert (background < 0.2, text > 0.5) == (dark, dark), (background, text)

        dashboard.place("limit", "buy", "1", "100")
        expect_dark(dark=True)
        dashboard.page.emulate_media(color_scheme="light")
        expect_dark(dark=False)
        dashboard.find("#theme").click()
        expect(dashboard.find("html")).to_have_attribute("data-theme", "dark")
        expect_dark(dark=True)
        dashboard.page.reload()
        dashboard.wait_until_live()
        expect_dark(dark=True)


def test_it_can_show_another_gateway_and_says_what_is_missing(dashboard: Dashboard) -> None:
    dashboard.look_at("ftp://127.0.0.1")
    expect(dashboard.find("#base-url")).to_have_attribute("aria-invalid", "true")
    expect(dashboard.find("#settings-error")).to_contain_text("A base URL names a host")
    dashboard.look_at(f"{dashboard.exchange.url}/")
    expect(dashboard.find("#base-url")).to_have_value(dashboard.exchange.url)
    dashboard.wait_until_live()
    assert dashboard.place("limit", "buy", "1", "100")["status"] == "open"
