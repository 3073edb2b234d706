"""A dashboard in headless Chromium, for the tests of it: what a user does there and what the user sees."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.exchange import PATIENCE, Exchange, Json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="the dashboard's tests need playwright")
expect = sync_api.expect

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The shell draws no windows of its own: the tests take half of the processor's time."""
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="the dashboard's tests need chromium")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OPTIONS = {
    *("post_only", "display_quantity", "expire_time", "max_slippage_bps"),
    *("time_in_force", "reject_if_triggered", "cancel_on_first_fill", "tag"),
    *("self_trade_prevention", "client_order_id"),
}
"""The fields that are folded away."""

INSTEAD = {
    "quantity": "quote_quantity",
    "quote_quantity": "quantity",
    "trailing_bps": "trailing_amount",
    "trailing_amount": "trailing_bps",
}
"""The fields of which an order takes one or the other."""

_SLOW_CHECK = "the server responded with a status of 503"
"""Of /health: the matcher was slower than half a second, as on a busy machine. One such answer is no news to the page."""

_GIVEN_UP = "WebSocket is closed before the connection is established"
"""The page itself closed a stream that was still opening, as it does where another account is chosen."""

_FAILED_SOCKET = re.compile(r"WebSocket connection to '([^']+)' failed")

_BESIDE = ("/ws/candles", "/ws/ticker", "/ws/book", "/candles", "/demo")
"""What the page asks for only while the market's own streams are alive. Where those are meant to break, one of these may be on its way."""

_accounts = count(1)


class Dashboard:
    """A page of the dashboard that shows one instrument and one account, and what its browser complained of. `url`:
    where it comes from."""

    def __init__(self, page: "Page", exchange: Exchange, url: str, symbol: str, account: str) -> None:
        self.page = page
        self.exchange = exchange
        self.url = url
        self.symbol = symbol
        self.account = account
        self.failing: tuple[str, ...] = ()
        """Paths whose fetches and streams are meant to fail: the browser complains of them, whatever the page does."""
        self._complaints: list[str] = []
        self._addresses: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("request", lambda request: self._addresses.append(request.url))
        page.on("websocket", lambda socket: self._addresses.append(socket.url))

    def _hear(self, message: "ConsoleMessage") -> None:
        if message.type not in ("error", "warning"):
            return
        socket = _FAILED_SOCKET.match(message.text)
        failed = message.location["url"] if message.text.startswith("Failed to load resource") else socket and socket[1]
        path = urlsplit(failed).path if failed else None
        if (path == "/health" and _SLOW_CHECK in message.text) or (socket and _GIVEN_UP in message.text):
            return
        if path not in self.failing and not (self.failing and path in _BESIDE):
            self._complaints.append(f"{message.text} ({message.location['url']})")

    def assert_clean(self) -> None:
        """Nothing went wrong in the browser, and it asked nobody but the gateway."""
        assert self._complaints == [], f"the browser complained: {self._complaints}"
        asked = {urlsplit(address).netloc for address in self._addresses}
        assert asked == {urlsplit(self.url).netloc}, f"the page asked {asked}"

    def find(self, selector: str) -> "Locator":
        return self.page.locator(selector)

    def open(self) -> None:
        self.page.goto(self.url)
        self.wait_until_live()

    def wait_until_live(self) -> None:
        expect(self.find("#connection")).to_have_attribute("data-state", "live")
        expect(self.find("#own")).to_have_attribute("data-stream", "live")
        expect(self.find("#symbol")).to_have_value(self.symbol)

    def go(self, room: str) -> None:
        """Go to the room: "chart", "book", "trade" or "orders". A phone shows one at a time, all others show them all."""
        button = self.find(f".rooms [data-go='{room}']")
        if button.is_visible():
            button.click()

    def look_at(self, base_url: str) -> None:
        """Type the address of an exchange into the settings."""
        if self.find("#more:not([open])").count():
            self.find("#more > summary").click()
        self.find("#base-url").fill(base_url)
        self.find("#base-url").press("Enter")

    def fill(self, order_type: str, side: str, **fields: str | bool) -> None:
        """Fill in the order form; `fields` by their names in the order."""
        self.go("trade")
        self.find("#order-type").select_option(order_type)
        self.find(f"#side-{side}").check()
        for name, value in fields.items():
            control = self.find(f"#order-form [name='{name}']")
            if name in OPTIONS:
                self.open_options()
            if name in INSTEAD and not control.is_visible():
                self.find(f"#order-form [data-field='{INSTEAD[name]}'] .unit-choice").select_option(name)
            if isinstance(value, bool):
                control.set_checked(value)
            elif name in ("self_trade_prevention", "time_in_force"):
                control.select_option(value)
            else:
                control.fill(value)

    def open_options(self) -> None:
        if self.find("#options:not([open])").count():
            self.find("#options summary").click()

    def answer_to(self, act: Callable[[], Any], method: str, path: str) -> tuple[int, Json]:
        """Do this; the status and the body of the answer to the one command that it sends."""

        def wanted(response: Any) -> bool:
            return bool(response.request.method == method) and urlsplit(response.url).path.startswith(path)

        with self.page.expect_response(wanted) as caught:
            act()
        body: Json = caught.value.json()
        return caught.value.status, body

    def submit(self) -> tuple[int, Json]:
        return self.answer_to(self.find("#submit").click, "POST", "/orders")

    def place(
        self,
        order_type: str,
        side: str,
        quantity: str = "",
        price: str = "",
        trigger_price: str = "",
        **more: str | bool,
    ) -> Json:
        """Place an order by the form; what the exchange says of it, once the page says so too."""
        fields = {"quantity": quantity, "price": price, "trigger_price": trigger_price}
        self.fill(order_type, side, **{name: value for name, value in fields.items() if value}, **more)
        status, order = self.submit()
        assert status == 200, order
        expect(self.find("#answer-small")).to_contain_text(f"order {order['order_id']}, client id web-")
        return order

    def expect_answer(self, kind: str, words: str) -> None:
        expect(self.find("#answer")).to_have_attribute("data-kind", kind)
        expect(self.find("#answer-headline")).to_contain_text(words)

    def expect_book(self, bids: dict[str, str], asks: dict[str, str]) -> None:
        """The levels from the best one on, price to quantity."""
        for table, levels in (("#bids", list(bids.items())), ("#asks", list(asks.items())[::-1])):
            rows = self.find(f"{table} tr[data-price]")
            expect(rows).to_have_count(len(levels))
            for index, (price, quantity) in enumerate(levels):
                expect(rows.nth(index)).to_have_attribute("data-price", price)
                expect(rows.nth(index)).to_have_attribute("data-quantity", quantity)
        for selector, side in (("#best-bid", bids), ("#best-ask", asks)):
            if side:
                expect(self.find(selector)).to_have_attribute("data-value", next(iter(side)))
            else:
                expect(self.find(f"{selector}:not([data-value])")).to_have_count(1)

    def own(self, order: Json) -> "Locator":
        """The row of an own open or pending order."""
        return self.find(f"#open-orders tbody[data-order-id='{order['order_id']}']")

    def cancel(self, order: Json) -> None:
        self.own(order).get_by_role("button", name="Cancel").click()

    @property
    def own_orders(self) -> "Locator":
        """The rows of all own orders that are shown, the newest first."""
        return self.find("#open-orders tbody[data-order-id]")

    def expect_fills(self, *fills: tuple[str, str, str, str, str]) -> None:
        """The fills that are shown, the newest first: side, price, quantity, fee and liquidity of each."""
        rows = self.find("#fills tbody tr")
        expect(rows).to_have_count(len(fills))
        for index, fill in enumerate(fills):
            for name, text in zip(("way", "price", "quantity", "fee", "liquidity"), fill, strict=True):
                expect(rows.nth(index).locator(f".{name}")).to_have_text(text, use_inner_text=True)

    def expect_balance(self, asset: str, free: str, locked: str) -> None:
        row = self.find(f'#balances [data-asset="{asset}"]')
        expect(row.locator(".free")).to_have_text(free)
        expect(row.locator(".locked")).to_have_text(locked)

    def expect_status(self, order: Json, status: str, filled_quantity: str) -> None:
        """What the exchange says of an order now."""
        now = self.exchange.get(f"/orders/{order['order_id']}")
        assert (now["status"], now["filled_quantity"]) == (status, filled_quantity)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser whose expectations wait as long as all tests do."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: "Browser", exchange: Exchange, symbol: str, url: str | None = None, **context: Any
) -> Iterator[Dashboard]:
    """A dashboard in a browser profile of its own; from `url`, where it does not come from the gateway itself."""
    account = f"user-{next(_accounts)}"
    with browser.new_context(
        **{"viewport": {"width": 1440, "height": 900}, "color_scheme": "light", **context}
    ) as profile:
        profile.set_default_timeout(PATIENCE * 1000)
        profile.add_init_script(
            "if (!localStorage.length) "
            f"{{ localStorage['exchange.symbol'] = '{symbol}'; localStorage['exchange.account'] = '{account}'; }}"
        )
        dashboard = Dashboard(profile.new_page(), exchange, url or exchange.url, symbol, account)
        dashboard.open()
        yield dashboard
        dashboard.assert_clean()
