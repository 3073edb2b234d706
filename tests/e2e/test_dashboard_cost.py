"""What the dashboard costs a browser, with a chart, 500 own orders and 20 changes a second. The figures are printed (`pytest -s`, or in the
report of a failure); only margins that hold on a busy machine are asserted. What is sent is the same everywhere, and is asserted."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.dashboard import chromium, expect, needs_chromium
from tests.exchange import PATIENCE, Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

OWN_ORDERS = 500
BATCH = 100
RATE = 20
"""Changes of the book in a second; every fourth is a trade."""

SECONDS = 6
"""How long it is looked at."""

MOST_BYTES = 300 * 1024
"""What the page's own files take over the wire at a first visit, compressed and with their heads."""

WATCH = """window.cost = { shift: 0, long: [], paint: 0 };
const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
watch("layout-shift", ({ value, hadRecentInput }) => { if (!hadRecentInput) cost.shift += value; });
watch("longtask", ({ duration }) => cost.long.push(Math.round(duration)));
watch("paint", ({ startTime }) => { cost.paint = Math.round(startTime); });"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


def place_own(exchange: Exchange, symbol: str, account: str) -> None:
    for first in range(0, OWN_ORDERS, BATCH):
        orders = [
            {"symbol": symbol, "account": account, "order_type": "limit", "side": side, "quantity": "1", "price": price}
            for index in range(first, first + BATCH)
            for side, price in [
                ("buy", f"{90 - index * 0.01:.2f}") if index % 2 else ("sell", f"{110 + index * 0.01:.2f}")
            ]
        ]
        exchange.post("/orders/batch", {"orders": orders})


@contextmanager
def changing(exchange: Exchange, symbol: str) -> Iterator[None]:
    """Changes of the book and trades, RATE of them a second, by a thread of its own."""
    ended = threading.Event()

    def change() -> None:
        number = 0
        while not ended.wait(1 / RATE):
            number += 1
            price = f"{99 + number % 7 * 0.1:.2f}"
            if number % 4:
                exchange.place(symbol, "limit", "buy", "0.5", price, account="maker")
            else:
                exchange.place(symbol, "market", "sell", "0.7", account="taker")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_the_page_costs_little(browser: "Browser", shared_exchange: Exchange, symbol: str) -> None:
    place_own(shared_exchange, symbol, "many")
    with browser.new_context(viewport={"width": 1440, "height": 900}) as profile:
        profile.set_default_timeout(PATIENCE * 1000)
        page = profile.new_page()
        page.add_init_script(WATCH)
        inspector = profile.new_cdp_session(page)
        paths: dict[str, str] = {}
        received: list[tuple[str, int]] = []

        def note(event: dict[str, Any]) -> None:
            received.append((paths.get(event["requestId"], ""), event["encodedDataLength"]))

        inspector.on(
            "Network.responseReceived",
            lambda event: paths.update({event["requestId"]: urlsplit(event["response"]["url"]).path}),
        )
        inspector.on("Network.loadingFinished", note)
        inspector.send("Network.enable")
        inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(f"{shared_exchange.url}/?symbol={symbol}&account=many")
        expect(page.locator("#own")).to_have_attribute("data-stream", "live")
        expect(page.locator("#orders-tab .count")).to_have_text(str(OWN_ORDERS))
        expect(page.locator("#candles canvas").first).to_be_visible()
        loading = page.evaluate(
            "() => { const loading = { ...cost }; Object.assign(cost, { shift: 0, long: [] }); return loading; }"
        )

        def busy() -> float:
            metrics = inspector.send("Performance.getMetrics")["metrics"]
            return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")

        with changing(shared_exchange, symbol):
            expect(page.locator("#tape tr[data-trade-id]").first).to_be_visible()
            began, work = time.monotonic(), busy()
            page.wait_for_timeout(SECONDS * 1000)
            share = (busy() - work) / (time.monotonic() - began)
        running: dict[str, Any] = page.evaluate("cost")

    files = [size for path, size in received if path == "/" or path.startswith("/static/")]
    answers = sum(size for _, size in received) - sum(files)
    print(
        f"\nfirst paint {loading['paint']} ms; {sum(files) / 1024:.0f} KiB in {len(files)} files, "
        f"{answers / 1024:.0f} KiB of answers; tasks over 50 ms while loading: {loading['long']}; "
        f"main thread {share:.1%} of a core at {RATE} changes a second with {OWN_ORDERS} own orders; "
        f"tasks over 50 ms meanwhile: {running['long']}; layout shifts {running['shift'] * 60 / SECONDS:.4f} a minute"
    )
    assert sum(files) < MOST_BYTES
    assert share < 0.6
    assert running["shift"] * 60 / SECONDS < 0.1
    assert loading["shift"] < 0.25
