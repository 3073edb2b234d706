"""The administrator's page: halts, instruments, money, keys and sessions, behind the administrator's token."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import chromium, expect, needs_chromium
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = needs_chromium

TOKEN = "a-token-of-the-test-00000000000000"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange that asks for keys, and its administrators for a token."""
    directory = tmp_path_factory.mktemp("guarded")
    settings = {
        "GATEWAY_AUTH": "keys",
        "GATEWAY_ADMIN_TOKEN": TOKEN,
        "GATEWAY_KEY_FILE": str(directory / "server.key"),
    }
    with Exchange(directory, gateway_environment=settings) as exchange:
        exchange.http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield exchange


@contextmanager
def opened(browser: "Browser", exchange: Exchange) -> Iterator["Page"]:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{exchange.url}/administrator")
    yield page
    assert faults == []
    page.close()


@contextmanager
def signed_in(browser: "Browser", exchange: Exchange) -> Iterator["Page"]:
    with opened(browser, exchange) as page:
        page.locator("#token").fill(TOKEN)
        page.locator("#token").press("Enter")
        expect(page.locator("#rooms")).to_be_visible()
        yield page


def test_only_the_token_opens_the_page_and_it_is_kept_nowhere(browser: "Browser", guarded: Exchange) -> None:
    with opened(browser, guarded) as page:
        expect(page.locator("#sign-in")).to_be_visible()
        page.locator("#token").fill("wrong")
        page.locator("#token").press("Enter")
        expect(page.locator("#token-error")).to_have_text("The exchange does not take this token.")
        expect(page.locator("#rooms")).to_be_hidden()
        page.locator("#token").fill(TOKEN)
        page.locator("#token").press("Enter")
        expect(page.locator("#instruments [data-symbol='BTC-USDT']")).to_be_visible()
        assert (
            page.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)].join()").count(TOKEN) == 0
        )
        page.locator("#leave").click()
        expect(page.locator("#rooms")).to_be_hidden()
        expect(page.locator("#instruments tbody tr")).to_have_count(0)


def test_an_earlier_try_does_not_sign_out_who_has_signed_in_since(browser: "Browser", guarded: Exchange) -> None:
    failed: list[Route] = []

    def answer(route: "Route") -> None:
        if route.request.headers.get("authorization") != "Bearer wrong" or failed:
            return route.continue_()
        failed.append(route)
        return route.fulfill(status=503, json={"title": "Away."})

    page = browser.new_page()
    page.clock.install()
    page.route("**/admin/sessions", answer)
    page.goto(f"{guarded.url}/administrator")
    page.locator("#token").fill("wrong")
    page.locator("#token").press("Enter")
    expect(page.locator("#state")).to_contain_text("Trying again.")
    page.locator("#token").fill(TOKEN)
    page.locator("#token").press("Enter")
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
    with page.expect_response("**/admin/sessions"):
        page.clock.run_for(11_000)
    expect(page.locator("#token-error")).to_be_empty()
    expect(page.locator("#rooms")).to_be_visible()
    page.close()


def test_an_answer_after_leaving_is_not_shown(browser: "Browser", guarded: Exchange) -> None:
    held: list[Route] = []
    with opened(browser, guarded) as page:
        page.route("**/instruments", lambda route: held.append(route))
        with page.expect_request("**/instruments"):
            page.locator("#token").fill(TOKEN)
            page.locator("#token").press("Enter")
        page.locator("#leave").click()
        with page.expect_response("**/instruments") as answered:
            held[0].continue_()
        answered.value.finished()
        with page.expect_response("**/admin/sessions"):
            page.evaluate("fetch('admin/sessions').then((answer) => answer.text())")
        expect(page.locator("#instruments tbody tr")).to_have_count(0)


def test_an_instrument_is_halted_after_a_question_and_resumed(browser: "Browser", guarded: Exchange) -> None:
    with signed_in(browser, guarded) as page:
        row = page.locator("#instruments [data-symbol='ETH-USDT']")
        row.get_by_role("button", name="Halt").click()
        page.locator("#confirm-no").click()
        row.get_by_role("button", name="Halt").click()
        expect(page.locator("#confirm-question")).to_have_text("Halt: ETH-USDT?")
        page.locator("#confirm-yes").click()
        expect(row.locator("[data-status]")).to_have_attribute("data-status", "halted")
        [eth] = [each for each in guarded.get("/instruments")["instruments"] if each["symbol"] == "ETH-USDT"]
        assert eth["status"] == "halted"
        row.get_by_role("button", name="Resume").click()
        expect(row.locator("[data-status]")).to_have_attribute("data-status", "trading")


def test_an_instrument_is_added_and_a_fault_names_its_field(browser: "Browser", guarded: Exchange) -> None:
    with signed_in(browser, guarded) as page:
        page.get_by_text("Add an instrument, or change one").click()
        form = page.locator("#instrument")
        new = {"symbol": "NEW-USDT", "base": "NEW", "quote": "USDT", "tick_size": "0.01", "lot_size": "0.001"}
        for name, value in new.items():
            form.locator(f"[name={name}]").fill(value)
        form.get_by_role("button").click()
        outcome = page.locator(".outcome[data-of=instruments]")
        expect(outcome).to_contain_text("max_quantity")
        for name, value in {"max_quantity": "1000", "max_price": "5000", "taker_fee_bps": "7"}.items():
            form.locator(f"[name={name}]").fill(value)
        form.get_by_role("button").click()
        expect(outcome).to_have_text("NEW-USDT is set.")
        expect(page.locator("#instruments [data-symbol='NEW-USDT'] td").nth(3)).to_contain_text("/ 7")


def test_money_comes_and_goes_and_stands_in_the_balances(browser: "Browser", guarded: Exchange) -> None:
    with signed_in(browser, guarded) as page:
        form = page.locator("#money")
        for name, value in {"account": "carol", "asset": "USDT", "amount": "100.5"}.items():
            form.locator(f"[name={name}]").fill(value)
        form.get_by_role("button", name="Deposit").click()
        row = page.locator("#accounts [data-account='carol']")
        expect(row.locator(".number").first).to_have_text("100.5")
        form.locator("[name=amount]").fill("0.5")
        form.get_by_role("button", name="Withdraw").click()
        expect(row.locator(".number").first).to_have_text("100")
        form.locator("[name=amount]").fill("5000")
        form.get_by_role("button", name="Withdraw").click()
        expect(page.locator(".outcome[data-of=accounts]")).to_have_attribute("data-kind", "bad")


def test_a_key_is_shown_once_works_and_is_revoked(browser: "Browser", guarded: Exchange) -> None:
    with signed_in(browser, guarded) as page:
        page.locator("#key [name=account]").fill("dave")
        page.locator("#key").get_by_role("button").click()
        proof = page.locator("#made-key").inner_text()
        headers = {"Authorization": f"Bearer {proof}"}
        assert guarded.http.get("/orders?account=dave", headers=headers).status_code == 200
        page.locator(f"#keys [data-key='{proof.split('.')[0]}']").get_by_role("button").click()
        page.locator("#confirm-yes").click()
        expect(page.locator(".outcome[data-of=keys]")).to_have_text("The key is revoked.")
        expect(page.locator(f"#keys [data-key='{proof.split('.')[0]}']")).to_have_count(0)
        assert guarded.http.get("/orders?account=dave", headers=headers).status_code == 401


def test_the_gateways_session_is_among_those_of_the_matcher(browser: "Browser", guarded: Exchange) -> None:
    with signed_in(browser, guarded) as page:
        [session] = guarded.get("/admin/sessions")["sessions"]
        row = page.locator(f"#sessions [data-session='{session['session']}']")
        expect(row).to_have_count(1)
        assert session["commands"] >= 1, "the keys and halts of this module were its commands"
