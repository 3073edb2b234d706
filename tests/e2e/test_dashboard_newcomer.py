"""What somebody who does not know the dashboard types into it, and what it then says."""

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


@pytest.mark.parametrize("text", ["8000", "nonsense", "http://8000", "127.1:8000", "http://127.1", "nonsense/x/y"])
def test_base_url_without_a_host_is_refused(dashboard: Dashboard, text: str) -> None:
    dashboard.look_at(text)
    expect(dashboard.find("#base-url")).to_have_attribute("aria-invalid", "true")
    expect(dashboard.find("#base-url")).to_have_value(text)
    expect(dashboard.find("#settings-error")).to_have_text(
        "A base URL names a host, as in http://127.0.0.1:8000; empty means this page's origin."
    )
    dashboard.wait_until_live()


def test_base_url_without_a_scheme_is_completed(dashboard: Dashboard) -> None:
    dashboard.look_at(dashboard.exchange.url.removeprefix("http://"))
    expect(dashboard.find("#base-url")).to_have_value(dashboard.exchange.url)
    expect(dashboard.find("#settings-error")).to_have_text("")
    dashboard.wait_until_live()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (".5", "takes a digit before the point: 0.5."),
        ("5.", "takes a digit behind the point: 5.0."),
        ("+1", "takes a number without a sign."),
        ("-1", "takes a positive number."),
        ("-.5", "takes a positive number."),
        ("−1", "takes a positive number."),
    ],
)
def test_number_that_is_nearly_one_is_told_so(dashboard: Dashboard, text: str, fault: str) -> None:
    dashboard.fill("limit", "buy", quantity="1")
    dashboard.find("#price").fill(text)
    dashboard.find("#price").press("Enter")
    expect(dashboard.find("#price-error")).to_have_text(f"Price {fault}")
    expect(dashboard.find("#price")).to_have_value(text)


def test_panel_says_whose_orders_it_shows_with_the_decimals_of_the_book(dashboard: Dashboard) -> None:
    order = dashboard.place("limit", "buy", "1.5", "100")
    expect(dashboard.own(order).locator(".quantity .main")).to_have_text("1.50000")
    dashboard.expect_book(bids={"100": "1.5"}, asks={})
    dashboard.find("#account").fill("somebody-else")
    dashboard.find("#account").press("Enter")
    expect(dashboard.find("#orders-empty")).to_contain_text("No open or pending orders of account somebody-else")


def test_exchange_that_is_stopped_is_said_to_be_away(browser: "Browser", exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    with opened(browser, exchange, symbol, viewport={"width": 360, "height": 740}) as dashboard:
        place = "const { y, height } = document.querySelector('#theme').getBoundingClientRect(); return [y, height]"
        before = dashboard.page.evaluate(f"() => {{ {place} }}")
        dashboard.failing = ("/ws/marketdata", "/ws/trades", "/ws/user", "/health", "/instruments", "/trades", "/fills")
        exchange.gateway.stop()
        expect(dashboard.find("#connection-state")).to_have_text("Offline")
        assert dashboard.page.evaluate(f"() => {{ {place} }}") == before, "the theme button stays where it is"
        expect(dashboard.find("#connection-what")).to_contain_text("cannot be reached. Check that it runs.")
        expect(dashboard.find("#connection-advice")).to_have_text("")
        exchange.gateway.restart()
        dashboard.wait_until_live()
