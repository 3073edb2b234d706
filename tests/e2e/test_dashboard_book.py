"""The book and the tape of the terminal: steps, depth, own levels, what a click takes, takers and large trades."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def dashboard(browser: "Browser", shared_exchange: Exchange, symbol: str) -> Iterator[Dashboard]:
    with opened(browser, shared_exchange, symbol) as dashboard:
        yield dashboard


def rest(dashboard: Dashboard, side: str, *levels: tuple[str, str]) -> None:
    for price, quantity in levels:
        dashboard.exchange.place(dashboard.symbol, "limit", side, quantity, price)


def test_a_step_gathers_bids_below_and_asks_above(dashboard: Dashboard) -> None:
    rest(dashboard, "buy", ("99.95", "1"), ("99.2", "0.25"), ("98.01", "2"), ("98", "4"))
    rest(dashboard, "sell", ("100.05", "1"), ("101", "0.5"), ("101.01", "8"))
    offered = dashboard.find("#book-step option").evaluate_all("options => options.map(option => option.value)")
    assert offered == ["0.01", "0.1", "1"], "no step is more than a twentieth of the price"
    dashboard.find("#book-step").select_option("1")
    rows = {
        side: dashboard.find(f"#{side} tr.level").evaluate_all(
            "rows => rows.map(row => [row.dataset.price, row.dataset.quantity, row.dataset.sum])"
        )
        for side in ("bids", "asks")
        if expect(dashboard.find(f"#{side} tr.level")).to_have_count(2) is None
    }
    assert rows == {
        "bids": [["99", "1.25", "1.25"], ["98", "6", "7.25"]],
        "asks": [["102", "8", "9.5"], ["101", "1.5", "1.5"]],
    }
    expect(dashboard.find("#best-bid")).to_have_attribute("data-value", "99.95")


def test_own_levels_are_marked_and_explained_in_every_step(dashboard: Dashboard) -> None:
    expect(dashboard.find("#book-own")).to_be_hidden()
    rest(dashboard, "buy", ("99", "1"))
    dashboard.exchange.place(dashboard.symbol, "limit", "buy", "1", "98.5", account=dashboard.account)
    expect(dashboard.find("#bids tr.own")).to_have_attribute("data-price", "98.5")
    expect(dashboard.find("#book-own")).to_have_text("Your orders")
    dashboard.find("#book-step").select_option("1")
    expect(dashboard.find("#bids tr.own")).to_have_attribute("data-price", "98")


def test_a_click_takes_the_price_the_quantity_or_the_sum(dashboard: Dashboard) -> None:
    rest(dashboard, "sell", ("100", "1"), ("101", "2.5"))
    row = dashboard.find("#asks tr[data-price='101']")
    row.locator("button").click()
    expect(dashboard.find("#price")).to_have_value("101")
    expect(dashboard.find("#quantity")).to_have_value("")
    row.locator("td").nth(1).click()
    expect(dashboard.find("#quantity")).to_have_value("2.5")
    row.locator("td").nth(2).click()
    expect(dashboard.find("#quantity")).to_have_value("3.5")


def test_a_tall_page_shows_more_than_ten_levels_up_to_fifty(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with opened(browser, shared_exchange, symbol, viewport={"width": 1440, "height": 4000}) as dashboard:
        rest(dashboard, "buy", *((str(100 - level), "1") for level in range(60)))
        expect(dashboard.find("#bids tr.level")).to_have_count(50)
        expect(dashboard.find("#bids tr.level").last).to_have_attribute("data-sum", "50")
        dashboard.page.set_viewport_size({"width": 1440, "height": 900})
        expect(dashboard.find("#bids tr.level")).to_have_count(10)


def test_trades_of_one_taker_stand_together_and_large_ones_stand_out(dashboard: Dashboard) -> None:
    for _ in range(20):
        dashboard.exchange.trade(dashboard.symbol, "100")
    rest(dashboard, "sell", ("101", "1"), ("102", "1"), ("103", "10"))
    dashboard.exchange.place(dashboard.symbol, "market", "buy", "12")
    expect(dashboard.find("#tape tbody tr")).to_have_count(23)
    expect(dashboard.find("#tape tr.same")).to_have_count(2)
    expect(dashboard.find("#tape tr.large")).to_have_count(1)
    expect(dashboard.find("#tape tr.large td.quantity")).to_have_text("10.00000")
    expect(dashboard.find("#tape tr.large")).to_have_attribute(
        "title", "Large: at least 10 times the median of the last 23 trades"
    )
