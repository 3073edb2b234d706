"""What the dashboard says where it cannot connect, and that it goes on trying."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.e2e.relay import Relay, Treatment, relay_to
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

STREAMS = ("/ws/marketdata", "/ws/trades", "/ws/user")
FETCHES = ("/health", "/instruments", "/trades", "/fills")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def dashboard(browser: "Browser", shared_exchange: Exchange, symbol: str) -> Iterator[Dashboard]:
    with opened(browser, shared_exchange, symbol) as dashboard:
        yield dashboard


@contextmanager
def relayed(browser: "Browser", exchange: Exchange, symbol: str) -> Iterator[tuple[Dashboard, Relay]]:
    """A dashboard with a book and an own order, behind such a relay."""
    with relay_to(exchange.url) as relay, opened(browser, exchange, symbol, relay.url) as dashboard:
        exchange.place(symbol, "limit", "sell", "1", "101", account=dashboard.account)
        expect(dashboard.own_orders).to_have_count(1)
        dashboard.failing = STREAMS + FETCHES
        yield dashboard, relay


def expect_not_connected(dashboard: Dashboard, why: str, advice: str) -> None:
    expect(dashboard.find("#connection")).to_have_attribute("data-state", "lost")
    expect(dashboard.find("#connection-state")).to_have_text("Offline")
    expect(dashboard.find("#connection-notice")).to_contain_text(f"Not connected. {why} This page goes on trying.")
    expect(dashboard.find("#connection-advice")).to_contain_text(advice)
    expect(dashboard.find("#connection-notice")).to_be_visible()


def expect_connected(dashboard: Dashboard) -> None:
    dashboard.wait_until_live()
    expect(dashboard.find("#connection-notice")).to_be_hidden()
    dashboard.expect_book(bids={}, asks={"101": "1"})
    expect(dashboard.own_orders).to_have_count(1)
    expect(dashboard.find("#orders-note")).to_have_text("")


@pytest.mark.parametrize("treatment", [Treatment.NO_ANSWER_TO_WEBSOCKETS, Treatment.WEBSOCKETS_REFUSED])
def test_where_no_websocket_opens_it_says_so_and_what_to_do(
    browser: "Browser", shared_exchange: Exchange, symbol: str, treatment: Treatment
) -> None:
    with relayed(browser, shared_exchange, symbol) as (dashboard, relay):
        relay.treatment = treatment
        dashboard.page.reload()
        expect_not_connected(dashboard, "No WebSocket can be opened.", "many cookies for 127.0.0.1, delete them")
        expect(dashboard.find("#asks-empty")).to_have_text("Not connected: the book cannot be shown.")
        expect(dashboard.find("#tape-empty")).to_have_text("Not connected: the trades cannot be shown.")
        expect(dashboard.find("#orders-empty")).to_have_text("Not connected: the orders cannot be shown.")
        expect(dashboard.find("#orders-note")).to_contain_text(
            "The account’s stream cannot be read. No WebSocket can be opened."
        )
        assert "waiting" not in dashboard.find("body").inner_text().lower()

        relay.treatment = Treatment.PASS
        expect_connected(dashboard)


def test_where_a_connection_breaks_what_is_shown_stays_and_is_said_to_be_old(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with relayed(browser, shared_exchange, symbol) as (dashboard, relay):
        relay.treatment = Treatment.WEBSOCKETS_REFUSED
        relay.cut()
        expect_not_connected(dashboard, "No WebSocket can be opened.", "Check that no proxy and no browser extension")
        expect(dashboard.find("#book-age")).to_contain_text("Out of date: as of")
        dashboard.expect_book(bids={}, asks={"101": "1"})
        expect(dashboard.find("#orders-note")).to_contain_text("Out of date, the account’s stream is lost")

        relay.treatment = Treatment.AWAY
        relay.cut()
        expect_not_connected(dashboard, f"The gateway at {relay.url} cannot be reached. Check that it runs.", "")
        expect(dashboard.find("#connection-advice")).to_have_text("")

        relay.treatment = Treatment.PASS
        expect_connected(dashboard)


def test_where_a_script_cannot_be_loaded_it_says_so_and_begins_anew(dashboard: Dashboard) -> None:
    dashboard.failing = ("/static/terminal/book/tape.js",)
    dashboard.page.route("**/static/terminal/book/tape.js", lambda route: route.abort())
    dashboard.page.reload()
    expect(dashboard.find("#connection-notice")).to_have_text(
        "This page could not be loaded whole. It loads itself again in a moment."
    )
    expect(dashboard.find("#connection-state")).to_have_text("Offline")
    dashboard.page.unroute_all()
    dashboard.wait_until_live()
    expect(dashboard.find("#connection-notice")).to_be_hidden()


def test_nothing_is_called_empty_or_trading_while_the_exchange_is_down(browser: "Browser", exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    with opened(browser, exchange, symbol) as dashboard:
        status, welcome = dashboard.find("#instrument-status"), dashboard.find("#first-steps")
        expect(welcome).to_be_visible()
        expect(status).to_have_text("Trading")
        expect(dashboard.find("#asks-empty")).to_have_text("No sell orders yet.")
        expect(dashboard.find("#bids-empty")).to_have_text("No buy orders yet.")

        dashboard.failing = (*FETCHES, "/orders")
        exchange.matcher.kill()
        expect(dashboard.find("#connection")).to_have_attribute("data-state", "down")
        expect(welcome).to_be_hidden()
        expect(status).to_have_text("Unknown")
        for empty in ("#asks-empty", "#tape-empty"):
            expect(dashboard.find(empty)).to_have_text("Not known while the exchange is down.")
        expect(dashboard.find("#bids-empty")).to_have_text("")
        expect(dashboard.find("#candles-note")).to_have_text("")
        age = dashboard.find("#book-age")
        expect(age).to_contain_text("Out of date: as of")
        assert age.evaluate("node => node.offsetHeight < 2 * parseFloat(getComputedStyle(node).fontSize)")

        exchange.matcher.restart()
        dashboard.wait_until_live()
        expect(status).to_have_text("Trading")
        expect(welcome).to_be_visible()


def test_one_slow_check_of_health_is_no_news(browser: "Browser", exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    with opened(browser, exchange, symbol) as dashboard:
        with exchange.matcher.paused():
            slow = dashboard.page.wait_for_event("response", lambda answer: answer.status == 503)
        assert slow.url == f"{exchange.url}/health"
        dashboard.page.wait_for_event("response", lambda answer: answer.url == slow.url and answer.status == 200)
        dashboard.wait_until_live()
