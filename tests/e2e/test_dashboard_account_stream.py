"""What the dashboard shows of an account as it changes, and when its stream breaks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser, WebSocketRoute
from tests.e2e.dashboard_orders import rest

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def dashboard(browser: "Browser", shared_exchange: Exchange, symbol: str) -> Iterator[Dashboard]:
    with opened(browser, shared_exchange, symbol) as dashboard:
        yield dashboard


def test_a_partial_fill_is_seen_live_with_its_fee(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    order = rest(dashboard, "sell", "2", "100")
    dashboard.find("#fills-tab").click()
    expect(dashboard.find("#fills-empty")).to_have_text(
        f"No fills of account {dashboard.account} in this instrument yet."
    )
    exchange.place(symbol, "market", "buy", "0.5")
    dashboard.expect_fills(("▼ sell", "100.00", "0.50000", "0.05", "maker"))
    expect(dashboard.find("#orders-news")).to_contain_text("partly filled, 0.5 BTC at 100 USDT, maker, fee 0.05 USDT.")
    exchange.place(symbol, "limit", "buy", "1", "90")
    assert dashboard.place("market", "sell", "1")["status"] == "filled"
    taken, made = ("▼ sell", "90.00", "1.00000", "0.18", "taker"), ("▼ sell", "100.00", "0.50000", "0.05", "maker")
    dashboard.expect_fills(taken, made)
    dashboard.find("#done-tab").press("ArrowRight")
    expect(dashboard.find("#fills-tab")).to_be_focused()
    dashboard.find("#fills-tab").press("Home")
    expect(dashboard.own(order).locator(".quantity")).to_contain_text("1.5")
    expect(dashboard.own(order).locator(".status")).to_contain_text("partly filled")

    dashboard.page.reload()
    dashboard.wait_until_live()
    dashboard.find("#fills-tab").click()
    dashboard.expect_fills(taken, made)


def test_a_suspended_account_is_shown_as_such(dashboard: Dashboard) -> None:
    exchange, account = dashboard.exchange, dashboard.account
    notice = dashboard.find("#account-notice")
    rest(dashboard, "sell", "2", "105")
    expect(notice).to_be_hidden()
    exchange.post(f"/admin/accounts/{account}/suspend")
    expect(dashboard.own_orders).to_have_count(0)
    expect(notice).to_have_text(f"Account {account} is suspended: its orders were canceled, and new ones are rejected.")
    rejected = dashboard.place("limit", "sell", "1", "105")
    assert (rejected["status"], rejected["reason"]) == ("rejected", "account_suspended")
    dashboard.expect_answer("bad", "rejected: the account is suspended.")
    exchange.post(f"/admin/accounts/{account}/resume")
    expect(notice).to_be_hidden()

    exchange.post(f"/accounts/{account}/cancel-after", {"timeout_ms": 60_000})
    expect(dashboard.find("#orders-note")).to_contain_text("All orders of this account are canceled at")
    exchange.post(f"/accounts/{account}/cancel-after", {"timeout_ms": 0})
    expect(dashboard.find("#orders-note")).to_have_text("")


class Line:
    """The account's stream, which a test can break: what each connection asked for, and whether a new one is let
    through."""

    def __init__(self) -> None:
        self.queries: list[dict[str, list[str]]] = []
        self.whole = True
        self._route: WebSocketRoute | None = None

    def connect(self, route: "WebSocketRoute") -> None:
        self.queries.append(parse_qs(urlsplit(route.url).query))
        self._route = route
        if self.whole:
            route.connect_to_server()
        else:
            route.close(code=1013)

    def close(self, code: int) -> None:
        assert self._route is not None
        self._route.close(code=code)

    def say(self, text: str) -> None:
        assert self._route is not None
        self._route.send(text)


@contextmanager
def on_line(browser: "Browser", exchange: Exchange, symbol: str) -> Iterator[tuple[Dashboard, Line]]:
    """A dashboard whose account stream runs over such a line."""
    line = Line()
    with opened(browser, exchange, symbol) as dashboard:
        dashboard.page.route_web_socket(re.compile("/ws/user"), line.connect)
        dashboard.page.reload()
        dashboard.wait_until_live()
        yield dashboard, line


def test_after_a_lost_connection_the_stream_goes_on_where_it_was(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with on_line(browser, shared_exchange, symbol) as (dashboard, line):
        order = rest(dashboard, "sell", "2", "100")
        dashboard.find("#fills-tab").click()
        shared_exchange.place(symbol, "market", "buy", "0.25")
        fill = ("▼ sell", "100.00", "0.25000", "0.025", "maker")
        dashboard.expect_fills(fill)

        line.whole = False
        line.close(4408)
        expect(dashboard.find("#own")).to_have_attribute("data-stream", "lost")
        expect(dashboard.find("#orders-note")).to_contain_text("Out of date, the account’s stream is lost")
        shared_exchange.place(symbol, "market", "buy", "0.25")
        line.whole = True
        expect(dashboard.find("#own")).to_have_attribute("data-stream", "live")
        dashboard.expect_fills(fill, fill)
        expect(dashboard.find("#orders-note")).to_have_text("")
        dashboard.find("#orders-tab").click()
        expect(dashboard.own(order).locator(".quantity")).to_contain_text("1.5")
        assert "after" not in line.queries[0]
        assert all(int(query["after"][0]) >= order["sequence"] for query in line.queries[1:])


def test_where_something_is_missing_all_is_asked_for_anew(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with on_line(browser, shared_exchange, symbol) as (dashboard, line):
        order = rest(dashboard, "sell", "2", "100")
        shared_exchange.place(symbol, "market", "buy", "0.5")
        dashboard.find("#fills-tab").click()
        hole = '{"type": "update", "sequence": 9000000, "previous": 8000000, "changes": [], "orders": []}'
        for count, disturb in enumerate((partial(line.close, 1012), partial(line.say, hole)), start=2):
            # The fills are asked for at a fresh start only.
            with dashboard.page.expect_response(lambda response: urlsplit(response.url).path == "/fills"):
                disturb()
            expect(dashboard.find("#own")).to_have_attribute("data-stream", "live")
            dashboard.expect_fills(("▼ sell", "100.00", "0.50000", "0.05", "maker"))
            assert len(line.queries) == count
            assert "after" not in line.queries[-1]
        dashboard.find("#orders-tab").click()
        expect(dashboard.own(order).locator(".quantity")).to_contain_text("1.5")
