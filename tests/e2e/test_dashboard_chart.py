"""The chart of the dashboard: candles of the history, own orders as lines that can be dragged, depth and heatmap; and the list of
markets."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.e2e.dashboard_orders import rest
from tests.exchange import Exchange, wait_until
from tests.history_process import HistoryProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = needs_chromium

HOUR = 3_600
BEGIN = 1_700_000_000 // HOUR * HOUR


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange that keeps a history."""
    directory = tmp_path_factory.mktemp("kept")
    with Exchange(directory, gateway_flags=(f"--data-dir={directory / 'data'}",)) as exchange:
        history = HistoryProcess(directory, exchange.matcher.data)
        history.start()
        history.wait_until_at(exchange.get("/health")["sequence"])
        yield exchange
        history.close()


@pytest.fixture
def dashboard(browser: "Browser", kept: Exchange) -> Iterator[Dashboard]:
    with opened(browser, kept, kept.add_instrument()) as dashboard:
        yield dashboard


def expect_candle(dashboard: Dashboard, *words: str) -> None:
    for text in words:
        expect(dashboard.find("#candles-legend")).to_contain_text(text)


def query_of(dashboard: Dashboard) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(dashboard.page.url).query).items()}


def line_at(dashboard: Dashboard) -> tuple[float, float]:
    """Where the pointer is on the line of an own order: the page says so by its shape."""
    area = dashboard.find("#candles").bounding_box()
    assert area is not None
    x = area["x"] + 200
    for y in range(int(area["y"]) + 4, int(area["y"] + area["height"]) - 30, 3):
        dashboard.page.mouse.move(x, y)
        if dashboard.find("#candles.on-line").count():
            return x, y + 2
    raise AssertionError("no line of an own order is on the chart")


def drag(dashboard: Dashboard, down_by: int) -> None:
    """Begin to drag the line; the button stays pressed."""
    mouse = dashboard.page.mouse
    x, y = line_at(dashboard)
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 5, y + down_by, steps=5)


def test_a_candle_tells_its_exact_prices_and_follows_each_trade(dashboard: Dashboard) -> None:
    dashboard.find("#intervals [data-interval='1w']").click()
    for price in ("100", "103.25", "99.01", "101.5"):
        dashboard.exchange.trade(dashboard.symbol, price, "0.5")
    expect_candle(dashboard, "O 100.00", "H 103.25", "L 99.01", "C 101.50", "Vol 2")
    dashboard.exchange.trade(dashboard.symbol, "104.75", "0.5")
    expect_candle(dashboard, "H 104.75", "C 104.75")
    expect(dashboard.find("#day-high")).to_have_text("104.75")
    expect(dashboard.find("#day-change")).to_contain_text("+4.75")
    expect(dashboard.find("#candles canvas").first).to_be_visible()
    expect(dashboard.find("#candles-note")).to_contain_text("Candles begin")


def test_without_a_history_the_candles_are_of_the_trades_that_the_page_knows(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with opened(browser, shared_exchange, symbol) as dashboard:
        note = dashboard.find("#candles-note")
        expect(note).to_have_text("No trades yet, and no history runs: candles begin with the next trade.")
        dashboard.find("#intervals [data-interval='1d']").click()
        for price in ("50", "52.5"):
            shared_exchange.trade(symbol, price)
        expect(note).to_contain_text("No history runs: candles are of the trades that this page knows, from ")
        expect_candle(dashboard, "O 50.00", "H 52.50", "C 52.50")


def test_the_address_opens_the_same_view_and_the_title_tells_the_price(dashboard: Dashboard) -> None:
    dashboard.exchange.trade(dashboard.symbol, "12345.67")
    dashboard.find("#intervals [data-interval='15m']").click()
    shown = {"symbol": dashboard.symbol, "account": dashboard.account, "interval": "15m"}
    assert query_of(dashboard) == shown
    expect(dashboard.page).to_have_title(f"12,345.67 · {dashboard.symbol} · Exchange")

    other = dashboard.exchange.add_instrument()
    dashboard.page.goto(f"{dashboard.url}/?symbol={other}&account=somebody&interval=4h")
    expect(dashboard.find("#symbol")).to_have_value(other)
    expect(dashboard.find("#account")).to_have_value("somebody")
    expect(dashboard.find("#intervals [data-interval='4h']")).to_have_attribute("aria-pressed", "true")
    expect(dashboard.find("#connection")).to_have_attribute("data-state", "live")


def test_an_own_order_is_amended_by_its_line_after_a_question(dashboard: Dashboard) -> None:
    for price in ("100", "110", "105"):
        dashboard.exchange.trade(dashboard.symbol, price)
    order = rest(dashboard, "buy", "0.5", "104")
    asked: list[str] = []
    dashboard.page.on("request", lambda request: asked.append(request.method))

    drag(dashboard, 40)
    dashboard.page.keyboard.press("Escape")
    dashboard.page.mouse.up()
    expect(dashboard.find("#confirm")).to_be_hidden()

    drag(dashboard, 40)
    dashboard.page.mouse.up()
    expect(dashboard.find("#confirm-question")).to_contain_text("Move the buy order to")
    dashboard.page.keyboard.press("Escape")
    expect(dashboard.find("#confirm")).to_be_hidden()
    assert "PATCH" not in asked

    drag(dashboard, 40)
    dashboard.page.mouse.up()
    question = dashboard.find("#confirm-question").inner_text()
    status, amended = dashboard.answer_to(dashboard.find("#confirm-yes").click, "PATCH", "/orders")
    assert status == 200
    assert Decimal(amended["price"]) < Decimal("104")
    assert Decimal(amended["price"]) % Decimal("0.01") == 0
    assert f"to {Decimal(amended['price']):.2f} USDT" in question
    assert dashboard.exchange.get(f"/orders/{order['order_id']}")["price"] == amended["price"]


def test_labels_of_own_orders_do_not_cover_each_other(dashboard: Dashboard) -> None:
    lines = [
        {"side": "buy", "y": 100, "orders": [1], "label": "a buy"},
        {"side": "buy", "y": 108, "orders": [1, 2], "label": "two buys at a price"},
        {"side": "sell", "y": 92, "orders": [1], "label": "a sell"},
        {"side": "sell", "y": 40, "orders": [1], "label": "a sell far away"},
        {"side": "buy", "y": 120, "orders": [1], "label": "another buy"},
    ]
    labels = dashboard.page.evaluate(
        "async (lines) => (await import('/static/terminal/chart/order_lines.js')).labelsOf(lines)", lines
    )
    assert [[(label["y"], label["words"]) for label in beside] for beside in labels] == [
        [(40, "a sell far away")],
        [(92, "a sell"), (92, "a buy")],
        [(108, "▲ 3 buys")],
    ]


def test_older_candles_come_while_scrolling_back(browser: "Browser", kept: Exchange) -> None:
    """The pages of candles are canned: a real market would need weeks."""
    symbol = kept.add_instrument()
    kept.trade(symbol, "100")
    asked: list[dict[str, str]] = []

    def candle(time: int) -> dict[str, object]:
        prices = dict.fromkeys(("open", "high", "low", "close"), "100")
        return {"open_time": _stamp(time), **prices, "volume": "1", "complete": True}

    def answer(route: "Route") -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        asked.append(query)
        end = BEGIN if "to" not in query else BEGIN - 500 * HOUR
        candles = [candle(end - index * HOUR) for index in range(500, 0, -1)]
        route.fulfill(json={"symbol": symbol, "interval": "1h", "candles": candles, "next": None})

    with opened(browser, kept, symbol) as dashboard:
        dashboard.page.route("**/candles?*", answer)
        dashboard.find("#intervals [data-interval='1h']").click()
        chart = dashboard.find("#candles")
        expect(chart.locator("canvas").first).to_be_visible()
        chart.focus()

        def goes_back() -> bool:
            dashboard.page.keyboard.press("ArrowLeft")
            return any("to" in query for query in asked)

        wait_until(goes_back, "older candles that are asked for")
        assert asked[-1]["to"] == _stamp(BEGIN - 500 * HOUR)


def _stamp(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_depth_and_heatmap_show_what_rests(dashboard: Dashboard) -> None:
    dashboard.find("#depth-tab").click()
    expect(dashboard.find("#depth-words")).to_have_text("No orders rest in this book yet.")
    dashboard.exchange.place(dashboard.symbol, "limit", "buy", "2", "99")
    dashboard.exchange.place(dashboard.symbol, "limit", "buy", "1", "98")
    dashboard.exchange.place(dashboard.symbol, "limit", "sell", "4", "101")
    expect(dashboard.find("#depth-words")).to_contain_text("bids 3.00 BTC, asks 4.00 BTC")
    dashboard.find("#heatmap-tab").click()
    painted = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width - 80, canvas.height - 30).data.some(Boolean)"
    )
    expect(dashboard.find("#heatmap-words")).to_have_text(
        re.compile(r"What rests, a column a second: the last \d+ s; up to five minutes since the page was opened\.")
    )
    assert dashboard.find("#heatmap-canvas").evaluate(painted)


def test_markets_are_searched_and_chosen_by_keyboard(dashboard: Dashboard) -> None:
    other = dashboard.exchange.add_instrument()
    dashboard.exchange.trade(other, "77.5")
    dashboard.page.reload()
    dashboard.wait_until_live()
    dashboard.find("#markets-toggle").click()
    row = dashboard.find(f"#markets [data-symbol='{other}']")
    expect(row).to_contain_text("77.50")
    expect(row).to_contain_text("Turnover 77.5 USDT")
    expect(dashboard.find("#markets-search")).to_be_focused()
    dashboard.page.keyboard.type(other[-6:].lower())
    expect(dashboard.find("#markets [data-symbol]")).to_have_count(1)
    dashboard.page.keyboard.press("ArrowDown")
    expect(row).to_be_focused()
    dashboard.page.keyboard.press("Enter")
    expect(dashboard.find("#symbol")).to_have_value(other)
    expect(dashboard.find("#markets")).to_be_hidden()
    expect(dashboard.find("#markets-toggle")).to_be_focused()
    expect(dashboard.find("#bar-price")).to_have_text("77.50")


def test_a_small_line_is_of_candles_fine_enough_for_ten_of_them(dashboard: Dashboard) -> None:
    asked: list[str] = []

    def answer(route: "Route") -> None:
        interval = parse_qs(urlsplit(route.request.url).query)["interval"][0]
        asked.append(interval)
        prices = dict.fromkeys(("open", "high", "low", "close"), "100")
        candles = [
            {"open_time": _stamp(BEGIN + index), **prices, "volume": "1", "complete": True}
            for index in range({"15m": 3, "1m": 9, "1s": 10}[interval])
        ]
        route.fulfill(json={"symbol": dashboard.symbol, "interval": interval, "candles": candles, "next": None})

    dashboard.exchange.trade(dashboard.symbol, "100")
    expect(dashboard.find("#bar-price")).to_have_text("100.00")
    dashboard.page.route("**/candles?*", answer)
    dashboard.find("#markets-toggle").click()
    dashboard.page.keyboard.type(dashboard.symbol)
    points = dashboard.find(f"#markets [data-symbol='{dashboard.symbol}'] polyline")
    expect(points).to_have_count(1)
    assert len((points.get_attribute("points") or "").split()) == 10
    assert asked[-3:] == ["15m", "1m", "1s"]


def test_a_phone_shows_one_room_at_a_time(browser: "Browser", kept: Exchange) -> None:
    rooms = {"chart": "#chart", "book": "#book", "trade": "#ticket", "orders": "#own"}
    with opened(browser, kept, kept.add_instrument(), viewport={"width": 360, "height": 740}) as dashboard:
        expect(dashboard.find("#first-steps")).to_be_visible()
        expect(dashboard.find("#first-steps code")).to_be_hidden()
        intervals, welcome = (dashboard.find(part).bounding_box() for part in ("#intervals", "#first-steps"))
        assert intervals is not None
        assert welcome is not None
        assert intervals["y"] + intervals["height"] <= welcome["y"]
        for room, shown in rooms.items():
            dashboard.go(room)
            for selector in rooms.values():
                expect(dashboard.find(selector)).to_be_visible(visible=selector == shown)
            assert dashboard.page.evaluate("document.documentElement.scrollWidth") == 360
        dashboard.find(".trade-bar .sell").click()
        expect(dashboard.find("#ticket")).to_be_visible()
        expect(dashboard.find("#side-sell")).to_be_checked()
        expect(dashboard.find("#submit")).to_have_text("Place sell order")

        order = dashboard.place("limit", "sell", "1", "100")
        expect(dashboard.find("#answer")).to_be_in_viewport(ratio=1)
        dashboard.go("orders")
        edit, cancel = (dashboard.own(order).get_by_role("button", name=name) for name in ("Edit", "Cancel"))
        above, below = edit.bounding_box(), cancel.bounding_box()
        assert above is not None
        assert below is not None
        assert below["y"] - (above["y"] + above["height"]) >= 8
        colour = "button => getComputedStyle(button).color"
        assert edit.evaluate(colour) != cancel.evaluate(colour)
