"""The states of the pages that are worth a look, and how each comes about."""

from typing import TYPE_CHECKING, Final, Literal

import httpx
from msgspec import Struct

from tests.e2e.dashboard import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

DESK: Final = (1440, 900)
PHONE: Final = (390, 844)


class Picture(Struct, frozen=True):
    """path: of the page. act: what is done there before the picture is taken."""

    name: str
    path: str = "/?symbol=BTC-USDT&account=nobody&interval=1s"
    size: tuple[int, int] = DESK
    scheme: Literal["dark", "light"] = "dark"
    act: "Callable[[Page], None] | None" = None


OWN: Final = "/?symbol=BTC-USDT&account=alice&interval=1s"


def _click(selector: str) -> "Callable[[Page], None]":
    return lambda page: page.locator(selector).click()


def _order_that_is_refused(page: "Page") -> None:
    page.locator("#price").fill("60000.001")
    page.locator("#quantity").fill("0.01")
    page.locator("#submit").click()
    expect(page.locator("#order-form [aria-invalid='true']")).to_have_count(1)


def _two_steps(page: "Page") -> None:
    for made in (1, 2):
        page.locator("#next").click()
        expect(page.locator("#moves > [data-made]")).to_have_count(made)


def _room(name: str) -> "Callable[[Page], None]":
    return lambda page: page.locator(f".rooms [data-go='{name}']").click()


EMPTY: Final = (Picture("empty"), Picture("empty-phone", size=PHONE))
"""Of an exchange on which nothing has happened."""

OUTAGE: Final = (Picture("outage"),)
"""Of one whose matcher is gone."""

DEMO: Final = (
    Picture("demo-dark"),
    Picture("demo-light", scheme="light"),
    Picture("own-orders", OWN),
    Picture("own-orders-light", OWN, scheme="light"),
    Picture("depth", OWN, act=_click("#depth-tab")),
    Picture("heatmap", OWN, act=_click("#heatmap-tab")),
    Picture("markets", act=_click("#markets-toggle")),
    Picture("error", OWN, act=_order_that_is_refused),
    Picture("phone-chart", OWN, PHONE),
    Picture("phone-book", OWN, PHONE, act=_room("book")),
    Picture("phone-trade", OWN, PHONE, act=_room("trade")),
    Picture("phone-orders", OWN, PHONE, "light", act=_room("orders")),
    Picture("learn", "/learn#cascade", act=_two_steps),
    Picture("learn-phone", "/learn#iceberg", PHONE, "light", act=_two_steps),
    Picture("administrator", "/administrator"),
)


def trade_as_alice(url: str) -> None:
    """Alice, to whom the demo has given money, buys, and leaves orders on both sides."""
    with httpx.Client(base_url=url, trust_env=False) as http:
        [bid, *_] = http.get("/depth", params={"symbol": "BTC-USDT", "levels": 1}).raise_for_status().json()["bids"]
        price = float(bid[0])  # only where the picture's orders stand depends on it
        orders = [
            {"order_type": "market", "side": "buy", "quantity": "0.12"},
            {"order_type": "limit", "side": "buy", "quantity": "0.05", "price": f"{price - 6:.2f}"},
            {"order_type": "limit", "side": "buy", "quantity": "0.08", "price": f"{price - 14:.2f}"},
            {"order_type": "limit", "side": "sell", "quantity": "0.04", "price": f"{price + 12:.2f}"},
            {"order_type": "stop_market", "side": "sell", "quantity": "0.06", "trigger_price": f"{price - 22:.2f}"},
        ]
        for order in orders:
            http.post("/orders", json={"account": "alice", "symbol": "BTC-USDT", **order}).raise_for_status()
