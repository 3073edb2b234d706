"""What the dashboard's user has and had: positions, shares of what is free, what an order will cost, lists with pages and filters,
tables to save, messages, keys, and how times and colours are shown."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium, opened
from tests.e2e.dashboard_orders import rest
from tests.exchange import Exchange
from tests.history_process import HistoryProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange that keeps a history."""
    directory = tmp_path_factory.mktemp("own")
    with Exchange(directory, gateway_flags=(f"--data-dir={directory / 'data'}",)) as exchange:
        history = HistoryProcess(directory, exchange.matcher.data)
        history.start()
        yield exchange
        history.close()


@pytest.fixture
def dashboard(browser: "Browser", kept: Exchange) -> Iterator[Dashboard]:
    with opened(browser, kept, kept.add_instrument()) as dashboard:
        yield dashboard


def deposit(dashboard: Dashboard, asset: str, amount: str) -> None:
    body = {"asset": asset, "amount": amount, "transfer_id": f"{dashboard.account}-{asset}"}
    dashboard.exchange.post(f"/admin/accounts/{dashboard.account}/deposit", body)


def expect_money(dashboard: Dashboard, **cells: str) -> None:
    for name, text in cells.items():
        expect(dashboard.find(f"[data-money='{name.replace('_', '-')}']")).to_have_text(text)


def table_of(dashboard: Dashboard, tab: str) -> tuple[str, list[dict[str, str]]]:
    """The name and the rows of the table that the tab saves."""
    dashboard.find(f"#{tab}-tab").click()
    expect(dashboard.find("#export")).to_be_enabled()
    with dashboard.page.expect_download() as caught:
        dashboard.find("#export").click()
    path = Path(caught.value.path())
    with path.open(newline="", encoding="utf-8") as file:
        return caught.value.suggested_filename, list(csv.DictReader(file))


def test_a_position_and_its_profit_follow_the_last_price(dashboard: Dashboard) -> None:
    exchange, symbol, account = dashboard.exchange, dashboard.symbol, dashboard.account
    expect(dashboard.find("#money-note")).to_contain_text("trades without limit")
    deposit(dashboard, "USDT", "10000")
    expect_money(dashboard, quote_free="10,000.00", quote_locked="0.00", base_free="0.00000")
    exchange.place(symbol, "limit", "sell", "0.04", "60000")
    exchange.place(symbol, "limit", "buy", "0.04", "60000", account=account)
    # 2,400 and the taker's 4.8.
    expect_money(dashboard, quote_free="7,595.20", held="long 0.04000 BTC", average="60,000.00 USDT", fees="4.80 USDT")
    exchange.trade(symbol, "61000")
    expect_money(dashboard, unrealised="+40.00 USDT", realised="0.00 USDT")
    exchange.place(symbol, "limit", "buy", "0.01", "60999")
    exchange.place(symbol, "market", "sell", "0.01", account=account)
    # What is left cost 1,800; 609.98 came for what had cost 600, less a fee of 1.21998.
    expect_money(dashboard, held="long 0.03000 BTC", realised="+9.99 USDT", unrealised="+29.97 USDT", fees="6.01 USDT")
    expect_money(dashboard, after="+33.94 USDT")
    dashboard.find("#balances-tab").click()
    row = dashboard.find(f"#positions [data-symbol='{symbol}']")
    expect(row.locator(".fees")).to_have_text("6.01998")
    expect(row.locator(".lately")).to_have_text("60,999")


def test_a_share_of_what_is_free_leaves_room_for_the_fee(dashboard: Dashboard) -> None:
    expect(dashboard.find("#shares")).to_be_hidden()
    deposit(dashboard, "USDT", "1002")
    deposit(dashboard, "BTC", "0.12345")
    expect(dashboard.find("#shares-free")).to_have_text("Free 1,002.00 USDT")
    dashboard.fill("limit", "buy", price="100")
    for share, quantity in (("25", "2.5"), ("50", "5"), ("75", "7.5"), ("100", "10")):
        dashboard.find(f"[data-share='{share}']").click()
        expect(dashboard.find("#quantity")).to_have_value(quantity)
    expect(dashboard.find("#order-estimate")).to_contain_text("Costs at most 1,002.00 USDT, fees included.")
    expect(dashboard.find("#order-warning")).to_have_text("")
    assert dashboard.submit()[1]["status"] == "open"
    expect_money(dashboard, quote_free="0.00", quote_locked="1,002.00")
    dashboard.fill("limit", "sell", price="200")
    dashboard.find("[data-share='25']").click()
    expect(dashboard.find("#quantity")).to_have_value("0.03086")
    dashboard.find("[data-share='100']").click()
    expect(dashboard.find("#quantity")).to_have_value("0.12345")
    dashboard.fill("limit", "sell", quantity="0.2", price="200")
    expect(dashboard.find("#order-warning")).to_have_text("Only 0.12345 BTC is free.")


def test_a_market_order_tells_its_price_by_the_book_before_it_is_sent(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    exchange.trade(symbol, "100")
    exchange.post("/admin/instruments", {"symbol": symbol, "price_band_bps": 500})
    for price, quantity in (("100", "1"), ("101", "1"), ("110", "2")):
        exchange.place(symbol, "limit", "sell", quantity, "105" if price == "110" else price)
    dashboard.expect_book(bids={}, asks={"100": "1", "101": "1", "105": "2"})
    estimate, warning = dashboard.find("#order-estimate"), dashboard.find("#order-warning")
    dashboard.fill("market", "buy", quantity="2")
    # 201 and 20 basis points of it.
    expect(estimate).to_have_text(
        "Buys 2 BTC for about 201.40 USDT, with a fee of 0.40. Average 100.50, 50 bps from the best."
    )
    expect(warning).to_have_text("")
    dashboard.fill("market", "buy", quantity="3")
    expect(warning).to_have_text("It takes 75 % of what the book shows.")
    dashboard.fill("market", "buy", quantity="5")
    expect(warning).to_contain_text("The book shows only 4 BTC")
    dashboard.fill("market", "sell", quantity="1")
    expect(warning).to_have_text("Nobody buys now: it would be canceled.")
    dashboard.fill("limit", "buy", quantity="1", price="105.01")
    expect(warning).to_have_text("Its price is 5.01 % from 100.00 USDT; the band allows 5 %. It would be rejected.")
    assert dashboard.submit()[1]["reason"] == "price_outside_band"
    dashboard.fill("limit", "buy", quantity="1", price="105")
    expect(warning).to_have_text("")


def test_all_done_orders_are_shown_in_pages_and_filtered(dashboard: Dashboard) -> None:
    exchange, symbol, account = dashboard.exchange, dashboard.symbol, dashboard.account
    ioc = {"symbol": symbol, "account": account, "order_type": "ioc", "side": "buy", "quantity": "1"}
    for first in (100, 150, 200):
        orders = [{**ioc, "price": str(price)} for price in range(first, first + 50)]
        exchange.post("/orders/batch", {"orders": orders})
    sold = exchange.place(symbol, "market", "sell", "1", account=account)
    rows = dashboard.find("#done-orders tbody tr")
    dashboard.find("#done-tab").click()
    expect(rows).to_have_count(100)
    expect(rows.first).to_have_attribute("data-order-id", sold["order_id"])
    expect(rows.first).to_contain_text("canceled: the book had nothing more to trade with")
    expect(dashboard.find("#pager-words")).to_have_text("1 to 100 of 100 and more")
    dashboard.find("#older").click()
    expect(rows).to_have_count(51)
    expect(rows.last).to_contain_text("100.00")
    expect(dashboard.find("#pager-words")).to_have_text("101 to 151 of 151")
    expect(dashboard.find("#older")).to_be_disabled()
    dashboard.find("#newer").click()
    expect(rows).to_have_count(100)
    dashboard.find("#filter-side").select_option("sell")
    expect(rows).to_have_count(1)
    dashboard.find("#filter-side").select_option("")
    dashboard.find("#filter-type").select_option("market")
    expect(rows).to_have_count(1)
    # What ends now comes on top.
    ended = exchange.place(symbol, "market", "buy", "1", account=account)
    expect(rows.first).to_have_attribute("data-order-id", ended["order_id"])


def test_open_and_pending_orders_have_tabs_and_a_cancel_of_all_counts_them(dashboard: Dashboard) -> None:
    first, second = rest(dashboard, "sell", "1", "100"), rest(dashboard, "buy", "1", "90")
    stop = dashboard.place("stop_market", "sell", "1", trigger_price="80")
    expect(dashboard.own_orders).to_have_count(3)
    expect(dashboard.find("#orders-tab")).to_have_text("Live 3")
    expect(dashboard.find("#pending-tab .count")).to_have_text("1")
    dashboard.find("#pending-tab").click()
    expect(dashboard.own_orders).to_have_count(1)
    expect(dashboard.own(stop)).to_be_visible()
    dashboard.find("#orders-tab").click()
    dashboard.find("#filter-side").select_option("buy")
    expect(dashboard.own_orders).to_have_count(1)
    expect(dashboard.own(second)).to_be_visible()
    dashboard.find("#cancel-all").click()
    expect(dashboard.find("#confirm-question")).to_contain_text("Cancel all 3 orders of account")
    expect(dashboard.find("#confirm-detail")).to_contain_text("also those that the filter hides")
    dashboard.find("#confirm-yes").click()
    dashboard.expect_answer("neutral", "3 orders of account")
    dashboard.expect_status(first, "canceled", "0")


def test_what_is_shown_is_saved_as_a_table_that_runs_no_formula(dashboard: Dashboard) -> None:
    exchange, symbol, account = dashboard.exchange, dashboard.symbol, dashboard.account
    deposit(dashboard, "USDT", "1000")
    order = exchange.place(symbol, "limit", "buy", "1", "100", account=account, client_order_id="-1-2", tag="a,b")
    exchange.place(symbol, "limit", "sell", "0.5", "100")
    expect(dashboard.own(order).locator(".quantity")).to_contain_text("0.5")
    name, rows = table_of(dashboard, "orders")
    assert re.fullmatch(rf"orders-{account}-{symbol}-\d{{4}}-\d\d-\d\d\.csv", name)
    assert [(row["order_id"], row["client_order_id"], row["price"], row["filled_quantity"]) for row in rows] == [
        (order["order_id"], "'-1-2", "100", "0.5")
    ]
    assert rows[0]["tag"] == "a,b"
    name, rows = table_of(dashboard, "fills")
    assert name.startswith(f"fills-{account}-{symbol}-")
    assert [(row["side"], row["price"], row["quantity"], row["fee"]) for row in rows] == [("buy", "100", "0.5", "0.05")]
    expect_money(dashboard, held="long 0.50000 BTC")
    _, rows = table_of(dashboard, "balances")
    assert [row["quantity"] for row in rows if row["kind"] == "position"] == ["0.5"]


def test_fills_and_cancels_are_told_in_messages_that_can_be_closed(dashboard: Dashboard) -> None:
    exchange, symbol = dashboard.exchange, dashboard.symbol
    toasts = dashboard.find("#toasts .toast")
    expect(dashboard.find("#toasts")).to_have_attribute("aria-live", "polite")
    order = rest(dashboard, "sell", "2", "100")
    exchange.place(symbol, "market", "buy", "0.5")
    expect(toasts).to_have_count(1)
    expect(toasts).to_contain_text(f"{symbol}: sell limit {order['order_id']} partly filled, 0.5 BTC at 100 USDT")
    toasts.get_by_role("button").click()
    expect(toasts).to_have_count(0)
    exchange.delete(f"/orders/{order['order_id']}", account=dashboard.account)
    expect(toasts).to_have_count(1)
    expect(toasts).to_contain_text("canceled")
    dashboard.page.keyboard.press("Escape")
    expect(toasts).to_have_count(0)
    # A burst becomes one message.
    for price in range(101, 109):
        rest(dashboard, "sell", "1", str(price))
    exchange.delete("/orders", account=dashboard.account, symbol=symbol)
    expect(toasts).to_have_count(1)
    expect(toasts).to_contain_text("8 orders canceled")


def test_keys_go_to_the_form_but_not_while_somebody_types(dashboard: Dashboard) -> None:
    press = dashboard.page.keyboard.press
    press("s")
    expect(dashboard.find("#side-sell")).to_be_checked()
    expect(dashboard.find("#price")).to_be_focused()
    press("b")
    expect(dashboard.find("#side-sell")).to_be_checked()
    expect(dashboard.find("#price")).to_have_value("b")
    press("Escape")
    expect(dashboard.find("#price")).not_to_be_focused()
    press("b")
    expect(dashboard.find("#side-buy")).to_be_checked()
    press("Escape")
    press("?")
    expect(dashboard.find("#keys")).to_be_visible()
    press("s")
    expect(dashboard.find("#side-buy")).to_be_checked()
    press("Escape")
    expect(dashboard.find("#keys")).to_be_hidden()


def test_times_are_local_or_utc_and_colours_may_be_blue_and_orange(browser: "Browser", kept: Exchange) -> None:
    symbol = kept.add_instrument()
    traded = kept.trade(symbol, "100")["timestamp"]
    with opened(browser, kept, symbol, timezone_id="Asia/Kolkata") as dashboard:
        time = dashboard.find("#tape tbody tr").first.locator("time")
        expect(dashboard.find("#zone-shown")).to_have_text("UTC+5:30")
        expect(time).not_to_have_text(traded[11:19])
        green = dashboard.page.evaluate("getComputedStyle(document.querySelector('.wordmark .bid')).fill")
        dashboard.find("#more > summary").click()
        dashboard.find("#zone").select_option("utc")
        expect(time).to_have_text(traded[11:19])
        dashboard.find("#colours").select_option("blue")
        dashboard.page.reload()
        dashboard.wait_until_live()
        expect(time).to_have_text(traded[11:19])
        expect(dashboard.find("#zone-shown")).to_have_text("UTC")
        blue = dashboard.page.evaluate("getComputedStyle(document.querySelector('.wordmark .bid')).fill")
        assert blue != green


def test_an_empty_exchange_says_what_to_do_first(dashboard: Dashboard) -> None:
    first = dashboard.find("#first-steps")
    expect(first).to_contain_text("scripts/run --demo")
    dashboard.find("#first-order").click()
    expect(dashboard.find("#side-sell")).to_be_checked()
    expect(dashboard.find("#price")).to_be_focused()
    rest(dashboard, "sell", "1", "100")
    expect(first).to_be_hidden()
