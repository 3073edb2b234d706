"""Numbers in the dashboard: all digits can be read at every width."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import chromium, expect, needs_chromium, opened
from tests.e2e.long_numbers import MARKETS, fill_market
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

WIDTHS = (360, 390, 431, 503, 577, 641, 699, 700, 768, 833, 911, 1024, 1099, 1100, 1187, 1280, 1366, 1440, 1537, 1680, 1801, 1920)

LEGIBILITY = Path(__file__).with_name("legibility.js").read_text()
"""A function that gives what cannot be read."""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("name", MARKETS)
def test_all_digits_can_be_read_at_every_width(browser: "Browser", shared_exchange: Exchange, name: str) -> None:
    market = MARKETS[name]
    symbol = market.open(shared_exchange)
    with opened(browser, shared_exchange, symbol) as dashboard:
        find, faults = dashboard.find, []

        def look(*widths: int) -> None:
            for width in widths:
                dashboard.page.set_viewport_size({"width": width, "height": 900})
                faults.extend(f"{width} px: {fault}" for fault in dashboard.page.evaluate(LEGIBILITY))

        count = fill_market(shared_exchange, market, symbol, dashboard.account)
        prices = {"price": market.price(800), "stop_trigger_price": market.price(1700), "stop_price": market.price(1800)}
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
