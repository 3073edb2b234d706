"""The dashboard of an account with money: its balances, live, and the faucet."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import chromium, expect, needs_chromium, opened
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

GIFTS = ("--faucet", "USDT:100000,BTC:1")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


def test_an_account_gets_money_from_the_faucet_and_sees_it_locked(browser: "Browser", tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=GIFTS) as exchange, opened(browser, exchange, "BTC-USDT") as dashboard:
        dashboard.find("#balances-tab").click()
        expect(dashboard.find("#balances-empty")).to_contain_text("trades without limit")
        faucet = dashboard.find("#faucet")
        expect(faucet).to_have_text("Get today’s 100,000 USDT and 1 BTC")
        faucet.click()
        dashboard.expect_answer("good", "got 100,000 USDT and 1 BTC")
        dashboard.expect_balance("USDT", "100,000", "0")
        # 0.5 x 60,000 and the larger fee, 20 basis points.
        exchange.place("BTC-USDT", "limit", "buy", "0.5", "60000", account=dashboard.account)
        dashboard.expect_balance("USDT", "69,940", "30,060")
        dashboard.expect_balance("BTC", "1", "0")
        faucet.click()
        dashboard.expect_answer("neutral", "before")


def test_without_a_ledger_and_a_faucet_there_are_no_balances(
    browser: "Browser", shared_exchange: Exchange, symbol: str
) -> None:
    with opened(browser, shared_exchange, symbol) as dashboard:
        expect(dashboard.find("#balances-tab")).to_be_hidden()
        body = {"asset": "USDT", "amount": "5", "transfer_id": "first"}
        shared_exchange.post(f"/admin/accounts/{dashboard.account}/deposit", body)
        dashboard.find("#balances-tab").click()
        dashboard.expect_balance("USDT", "5", "0")
        expect(dashboard.find("#faucet")).to_be_hidden()
        shared_exchange.post(f"/admin/accounts/{dashboard.account}/close-ledger")
        expect(dashboard.find("#balances-tab")).to_be_hidden()
        expect(dashboard.find("#orders-panel")).to_be_visible()
