"""Numbers in the dashboard: all digits can be read at every width, and what the page shows can be put into its
fields."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.e2e.long_numbers import MARKETS, fill_market
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

WIDTHS = (
    360,
    390,
    431,
    503,
    577,
    641,
    699,
    700,
    768,
    833,
    911,
    1024,
    1099,
    1100,
    1187,
    1280,
    1366,
    1440,
    1537,
    1680,
    1801,
    1920,
)

LEGIBILITY = Path(__file__).with_name("legibility.js").read_text()
"""A function that gives what cannot be read."""

READ = {
    "60,011.13": "60011.13",
    "  60,011.13 ": "60011.13",
    "60 011.13": "60011.13",
    "60\u00a0011.13": "60011.13",
    "60\u202f011.13": "60011.13",
    "\u00a060,011.13\u202f": "60011.13",
    "60\u2009011": "60011",
    "1,234": "1234",
    "9,999,999,999,999": "9999999999999",
    "1 234 567.000000000001": "1234567.000000000001",
    "0.000000000001": "0.000000000001",
    "9007199254740993.000000000001": "9007199254740993.000000000001",
    "1e-12": "0.000000000001",
    "1.25E+3": "1250",
}
"""What a user may put into a field, and the number that is read."""

REFUSED = (
    "1,5",
    "1.234,56",
    "0,001",
    "60.011.13",
    "1,23,456",
    "12,34",
    "1234,567",
    "1,234,56",
    "1,234 567",
    "1 5",
    "60  011",
    "100.00 0.25",
    "100\t250",
    "1,234.567,8",
    "1'000",
    "60,011.13 USDT",
    "0x10",
    "one",
    ".",
    ",",
)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def dashboard(browser: "Browser", shared_exchange: Exchange, symbol: str) -> Iterator[Dashboard]:
    with opened(browser, shared_exchange, symbol) as dashboard:
        yield dashboard


@pytest.mark.parametrize("name", MARKETS)
def test_all_digits_can_be_read_at_every_width(browser: "Browser", shared_exchange: Exchange, name: str) -> None:
    market = MARKETS[name]
    symbol = market.open(shared_exchange)
    with opened(browser, shared_exchange, symbol) as dashboard:
        find = dashboard.find
        faults: list[str] = []

        def look(*widths: int) -> None:
            for width in widths:
                dashboard.page.set_viewport_size({"width": width, "height": 900})
                faults.extend(f"{width} px: {fault}" for fault in dashboard.page.evaluate(LEGIBILITY))

        count = fill_market(shared_exchange, market, symbol, dashboard.account)
        prices = {
            "price": market.price(800),
            "stop_trigger_price": market.price(1700),
            "stop_price": market.price(1800),
        }
        dashboard.fill("oco", "sell", quantity=market.quantity(12), **prices)
        assert dashboard.submit()[0] == 200
        expect(find("#answer-headline")).to_contain_text("OCO")
        expect(dashboard.own_orders).to_have_count(count + 2)
        expect(find("#tape tbody tr")).to_have_count(2)
        for side in ("bids", "asks"):
            expect(find(f"#{side} tr[data-price]")).to_have_count(10)
        dashboard.own_orders.filter(has_text="trigger ").first.get_by_role("button", name="Edit").click()
        find(".amend input").first.fill(f"{Decimal(market.max_price):,f}")
        look(*WIDTHS[::4])
        find("#price").fill(f"{Decimal(market.max_price):,f}")
        look(*WIDTHS)

        dashboard.fill("market", "buy", quote_quantity=market.value)
        find("#all-instruments").check()
        expect(find("#own")).to_have_attribute("data-scope", "all")
        look(*WIDTHS[::4])
        find("#fills-tab").click()
        expect(find("#fills tbody tr")).to_have_count(2)
        look(*WIDTHS)
        assert faults == []


def test_a_number_is_read_as_the_page_shows_it(dashboard: Dashboard) -> None:
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "1234.5", "60011.13")
    dashboard.expect_book(bids={}, asks={"60011.13": "1234.5"})
    for shown, field in (("#best-ask", "#price"), ("#best-ask-quantity", "#quantity")):
        dashboard.find(shown).evaluate("node => getSelection().selectAllChildren(node)")
        dashboard.page.keyboard.press("Control+C")
        dashboard.find(field).focus()
        dashboard.page.keyboard.press("Control+V")
    expect(dashboard.find("#price")).to_have_value("60011.13")
    expect(dashboard.find("#quantity")).to_have_value("1,234.50000")
    expect(dashboard.find("#order-value")).to_contain_text("Value 74,083,739.985 USDT")
    dashboard.find("#price").press("ArrowUp")
    expect(dashboard.find("#price")).to_have_value("60011.14")
    status, order = dashboard.submit()
    assert (status, order["price"], order["filled_quantity"], order["average_price"]) == (
        200,
        "60011.14",
        "1234.5",
        "60011.13",
    )
    expect(dashboard.find("#quantity")).to_have_value("1234.50000")

    number = dashboard.find("#price")
    for text, read in READ.items():
        number.fill(text)
        number.press("Tab")
        expect(number).to_have_value(read)


def test_every_field_of_a_number_reads_it(dashboard: Dashboard) -> None:
    dashboard.exchange.trade(dashboard.symbol, "60000")
    orders = {
        "limit": {"price": "60,011.13", "quantity": "1,000.5", "display_quantity": "1 000"},
        "market": {"quote_quantity": "60\u00a0011"},
        "take_profit_limit": {
            "trigger_price": "60,011.13",
            "price": "60 011",
            "quantity": " 1 ",
            "display_quantity": "1",
        },
        "trailing_stop": {"trailing_bps": "1,000", "activation_price": "60\u202f011.13", "quantity": "1"},
        "oco": {"price": "60,011.13", "stop_trigger_price": "59,000", "stop_price": "58 999.99", "quantity": "1"},
    }
    for order_type, fields in orders.items():
        dashboard.fill(order_type, "sell", **fields)
        with dashboard.page.expect_request(lambda request: request.method == "POST") as caught:
            assert dashboard.submit()[0] == 200
        for name, text in fields.items():
            plain = text.translate(str.maketrans("", "", ", \u00a0\u202f"))
            assert str((caught.value.post_data_json or {})[name]) == plain, (order_type, name)

    order = dashboard.exchange.place(dashboard.symbol, "limit", "sell", "2000", "60500", account=dashboard.account)
    row = dashboard.own(order)
    row.get_by_role("button", name="Edit").click()
    row.get_by_label("Price").fill("60,511.13")
    row.get_by_label("Quantity in all").fill(" 2 000.000 ")
    with dashboard.page.expect_request(lambda request: request.method == "PATCH") as caught:
        row.get_by_label("Quantity in all").press("Enter")
    assert caught.value.post_data_json == {"price": "60511.13"}
    expect(row.locator(".price .main")).to_have_text("60,511.13")


def test_what_is_no_number_or_may_be_two_is_not_sent(dashboard: Dashboard) -> None:
    sentence = "takes a number as in 60,011.13: a point before the decimals, commas or spaces only between thousands."
    order = dashboard.place("limit", "buy", "1.5", "100")
    dashboard.fill("limit", "buy", quantity="1")
    for text in REFUSED:
        dashboard.find("#price").fill(text)
        dashboard.find("#price").press("Enter")
        expect(dashboard.find("#price-error")).to_have_text(f"Price {sentence}")
        expect(dashboard.find("#price")).to_have_value(text)
        dashboard.find("#price").fill("")
        expect(dashboard.find("#price-error")).to_have_text("")

    # The answer is about this order now, no longer about the one before.
    dashboard.find("#price").fill("1,5")
    dashboard.find("#price").press("Enter")
    dashboard.expect_answer("bad", f"The order was not sent: Price {sentence}")
    expect(dashboard.find("#answer")).not_to_contain_text(f"order {order['order_id']}")
    dashboard.fill("trailing_stop", "buy", trailing_bps="1,5")
    dashboard.find("#submit").click()
    dashboard.expect_answer("bad", "The order was not sent: Trail takes a whole number.")

    row = dashboard.own(order)
    row.get_by_role("button", name="Edit").click()
    row.get_by_label("Price").fill("1.234,56")
    row.get_by_label("Price").press("Enter")
    expect(row.get_by_role("alert")).to_have_text(f"Price {sentence}")
    expect(row.get_by_label("Price")).to_be_focused()
    standing = dashboard.exchange.get("/orders", account=dashboard.account)["orders"]
    assert [(one["order_id"], one["price"]) for one in standing] == [(order["order_id"], "100")]
