"""The dashboard of an exchange that asks for keys: people sign in, trade with each other, and sign out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.dashboard import Dashboard, chromium, expect, needs_chromium
from tests.e2e.keyed import ADMIN_HEADERS, ORDER, Closed
from tests.exchange import PATIENCE, Json

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium

PUBLIC = {"/", "/health", "/instruments", "/trades"}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    with Closed(tmp_path_factory.mktemp("closed")) as exchange:
        yield exchange


class Visitor(Dashboard):
    """A dashboard that nobody is signed in to yet. `asked`: path and proof of each call that it has sent."""

    def __init__(self, page: Any, closed: Closed) -> None:
        super().__init__(page, closed, closed.url, "BTC-USDT", "")
        self.closed = closed
        self.asked: list[tuple[str, str | None]] = []
        self.said: list[str] = []
        self.streams: list[Any] = []
        page.on("request", lambda request: self._note(request.url, request.headers.get("authorization")))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("websocket", lambda socket: self.streams.append(socket))

    def _note(self, url: str, proof: str | None) -> None:
        self.said.append(url)
        path = url.removeprefix(self.url).partition("?")[0]
        if not path.startswith("/static/"):
            self.asked.append((path, proof))

    def open(self) -> None:
        self.page.goto(self.url)
        expect(self.find("#connection")).to_have_attribute("data-state", "live")
        self.go("trade")
        expect(self.find("#sign-in")).to_be_visible()

    def enter(self, proof: str) -> None:
        self.find("#proof").fill(proof)
        self.find("#proof").press("Enter")

    def sign_in(self, key: Json) -> None:
        self.account = key["account"]
        self.enter(proof_of(key))
        self.wait_until_live()
        expect(self.find("#account")).to_have_value(self.account)

    def expect_signed_out(self) -> None:
        """Nothing of an account is on the page, nor kept."""
        expect(self.find("#sign-in")).to_be_visible()
        for hidden in ("#order-form", "#answer", "#account", "#sign-out", "#cancel-all", "#faucet"):
            expect(self.find(hidden)).to_be_hidden()
        for rows in ("#open-orders tbody", "#fills tbody tr", "#balances tbody tr", "#book tr.own"):
            expect(self.find(rows)).to_have_count(0)
        expect(self.find("#orders-empty")).to_have_text("Sign in to see your orders.")
        expect(self.find("#fills-empty")).to_have_text("Sign in to see your fills.")
        expect(self.find("#balances-empty")).to_have_text("Sign in to see your balances.")
        expect(self.find("#orders-news")).to_have_text("")
        expect(self.find("#proof")).to_have_value("")
        assert self.page.evaluate("[sessionStorage.length, document.cookie]") == [0, ""]


def proof_of(key: Json) -> str:
    return f"{key['key']}.{key['secret']}"


@contextmanager
def visiting(browser: "Browser", closed: Closed, **context: Any) -> Iterator[Visitor]:
    """In a browser profile of its own. No secret is ever in an address, in the console or in what outlives the tab."""
    with browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **context}) as profile:
        profile.set_default_timeout(PATIENCE * 1000)
        visitor = Visitor(profile.new_page(), closed)
        visitor.open()
        yield visitor
        visitor.assert_clean()
        kept = json.dumps(profile.storage_state())
        for secret in {proof.partition(".")[2] for _, proof in visitor.asked if proof}:
            assert secret not in kept
            assert not [line for line in visitor.said if secret in line]
        assert not [path for path, proof in visitor.asked if proof and path in PUBLIC]


def revoke(closed: Closed, key: Json) -> None:
    assert closed.http.delete(f"/admin/keys/{key['key']}", headers=ADMIN_HEADERS).status_code == 200


def test_two_people_trade_and_see_nothing_of_each_other(browser: "Browser", closed: Closed) -> None:
    alices = closed.make_key("alice", deposit={"USDT": "100000"})
    bobs = closed.make_key("bob", deposit={"BTC": "2"})
    with visiting(browser, closed) as alice, visiting(browser, closed) as bob:
        alice.expect_signed_out()
        alice.sign_in(alices)
        bob.sign_in(bobs)
        bid = alice.place("limit", "buy", "0.5", "60000")
        assert bid["account"] == "alice"
        bob.expect_book(bids={"60000": "0.5"}, asks={})
        ask = bob.place("limit", "sell", "0.1", "70000")
        sold = bob.place("limit", "sell", "0.2", "60000")
        assert (sold["account"], sold["status"]) == ("bob", "filled")
        expect(alice.own(bid).locator(".quantity .main")).to_have_text("0.30000")

        # The maker pays 10 basis points of 12,000, the taker 20. A bid locks its value and the larger fee.
        for visitor in (alice, bob):
            visitor.find("#balances-tab").click()
        alice.expect_balance("USDT", "69,952", "18,036")
        alice.expect_balance("BTC", "0.2", "0")
        bob.expect_balance("USDT", "11,976", "0")
        bob.expect_balance("BTC", "1.7", "0.1")
        sums = closed.http.get("/admin/accounts", headers=ADMIN_HEADERS).json()["sums"]
        told = {each["asset"]: (each["accounts"], each["fees"], each["exact"]) for each in sums}
        assert (told["USDT"], told["BTC"]) == (("99964", "36", True), ("2", "0", True))

        for visitor, fill in (
            (alice, ("▲ buy", "60,000.00", "0.20000", "12", "maker")),
            (bob, ("▼ sell", "60,000.00", "0.20000", "24", "taker")),
        ):
            visitor.find("#fills-tab").click()
            visitor.expect_fills(fill)
            visitor.find("#orders-tab").click()
            expect(visitor.own_orders).to_have_count(1)
        expect(bob.own(bid)).to_have_count(0)
        expect(alice.own(ask)).to_have_count(0)

        # The tab keeps the key, another one does not. Who signs out leaves nothing.
        alice.page.reload()
        alice.wait_until_live()
        expect(alice.find("#account")).to_have_value("alice")
        expect(alice.own(bid)).to_have_count(1)
        other = alice.page.context.new_page()
        other.goto(closed.url)
        expect(other.locator("#sign-in")).to_be_visible()
        other.close()
        stream = [each for each in alice.streams if "/ws/user" in each.url][-1]
        with stream.expect_event("close"):
            alice.find("#sign-out").click()
        alice.expect_signed_out()
        expect(alice.find("#to-sign-in")).to_be_focused()
        alice.page.reload()
        alice.expect_signed_out()
        alice.sign_in(bobs)
        expect(alice.own(ask)).to_have_count(1)
        expect(alice.own(bid)).to_have_count(0)
        assert {proof for path, proof in bob.asked if path.startswith(("/orders", "/fills"))} == {
            f"Bearer {proof_of(bobs)}"
        }


def test_only_a_good_key_signs_in(browser: "Browser", closed: Closed) -> None:
    key = closed.make_key("carol")
    blind = closed.make_key("carol", permissions=["trade", "user_data"])
    with visiting(browser, closed, viewport={"width": 360, "height": 740}, color_scheme="dark") as carol:
        carol.find("#to-sign-in").focus()
        carol.page.keyboard.press("Enter")
        expect(carol.find("#proof")).to_be_focused()
        fault = carol.find("#proof-error")
        carol.enter(key["key"])
        expect(fault).to_contain_text("This is no <key>.<secret>")
        assert "/key" not in [path for path, _ in carol.asked]
        carol.failing = ("/key",)
        for wrong in (f"{key['key']}.{key['secret'][::-1]}", f"{'x' * 64}.{key['secret']}"):
            carol.enter(wrong)
            expect(fault).to_contain_text("The exchange does not take this key.")
            expect(carol.find("#proof")).to_be_focused()
            expect(carol.find("#proof")).to_have_value(wrong)
            carol.find("#proof").press("End")
            carol.page.keyboard.press("Backspace")
            expect(fault).to_have_text("")
        carol.enter(proof_of(blind))
        expect(fault).to_contain_text("This one lacks user_stream.")
        carol.enter(f" Bearer {proof_of(key)} ")
        carol.wait_until_live()
        expect(carol.find("#order-form")).to_be_focused()
        expect(carol.find("#sign-in")).to_be_hidden()
        assert carol.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_revoked_key_signs_out(browser: "Browser", closed: Closed) -> None:
    key = closed.make_key("dave", deposit={"USDT": "5000"})
    with visiting(browser, closed) as dave:
        dave.sign_in(key)
        order = dave.place("limit", "buy", "0.1", "100")
        expect(dave.own(order)).to_have_count(1)
        dave.find("#cancel-all").click()
        expect(dave.find("#confirm")).to_be_visible()
        revoke(closed, key)
        expect(dave.find("#sign-in-note")).to_have_text("Signed out: the exchange no longer takes this key.")
        expect(dave.find("#confirm")).to_be_hidden()
        dave.expect_signed_out()
        dave.page.reload()
        dave.expect_signed_out()
        expect(dave.find("#sign-in-note")).to_have_text("")


def test_a_key_that_may_only_read_places_nothing(browser: "Browser", closed: Closed) -> None:
    key = closed.make_key("erin", deposit={"USDT": "5000"})
    order = closed.as_holder(key, "POST", "/orders", json=ORDER).json()
    reader = closed.make_key("erin", permissions=["user_data", "user_stream"])
    with visiting(browser, closed) as erin:
        erin.sign_in(reader)
        expect(erin.find("#may-not-trade")).to_contain_text("may read, not trade")
        expect(erin.find("#submit")).to_be_disabled()
        expect(erin.find("#quantity")).to_be_disabled()
        row = erin.own(order)
        expect(row).to_have_count(1)
        expect(row.get_by_role("button")).to_have_count(0)
        row.locator(".price").dblclick()
        expect(row.locator("input")).to_have_count(0)
        expect(erin.find("#cancel-all")).to_be_hidden()
        erin.find("#balances-tab").click()
        erin.expect_balance("USDT", "4,989.98", "10.02")
        expect(erin.find("#faucet")).to_be_hidden()
        erin.find("#sign-out").click()
        erin.sign_in(key)
        expect(erin.find("#may-not-trade")).to_be_hidden()
        expect(erin.find("#submit")).to_be_enabled()
        erin.find("#orders-tab").click()
        erin.cancel(order)
        expect(row).to_have_count(0)


def test_a_key_goes_to_no_other_exchange(browser: "Browser", closed: Closed) -> None:
    key = closed.make_key("frank")
    with visiting(browser, closed) as frank:
        frank.sign_in(key)
        asked = len(frank.asked)
        elsewhere = f"{closed.url}/elsewhere"
        frank.failing = ("/elsewhere/health", "/elsewhere/instruments")
        with frank.page.expect_request(f"{elsewhere}/health"):
            frank.look_at(elsewhere)
        expect(frank.find("#account")).not_to_have_value("frank")
        frank.look_at("")
        expect(frank.find("#connection")).to_have_attribute("data-state", "live")
        frank.expect_signed_out()
        assert not [path for path, proof in frank.asked[asked:] if proof]
