"""The lessons at /learn: each move is a real order, and the queues on the page are the book's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard import chromium, expect, needs_chromium
from tests.exchange import Exchange

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium

SYMBOL = "LEARN-USDT"

Book = dict[str, list[str]]
"""Prices from the highest to the lowest; of each, the orders in their queue."""

ENDS: dict[str, tuple[Book, Book]] = {
    "priority": (
        {"102": ["Ben 3"], "101": ["Ann 2"]},
        {"99": ["Ann 4", "You 3"], "98": ["Cat 5"]},
    ),
    "sweep": ({"104": ["Ben 4"]}, {"103": ["You 2"], "99": ["Ann 3"]}),
    "iceberg": ({"102": ["Cat 3"]}, {"99": ["Cat 2"]}),
    "cascade": ({"101": ["Dan 5"]}, {"99": ["Dan 5"], "95": ["You 1"], "94": ["Dan 9"]}),
    "oco": ({}, {"96": ["Ben 2"]}),
    "prevention": ({"101": ["Ben 1"]}, {"99": ["Cat 2"]}),
}
"""Asks and bids after the last move of each lesson."""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@contextmanager
def lessons(browser: "Browser", exchange: Exchange) -> Iterator["Page"]:
    """The page, in a browser of its own user. Nothing goes wrong in it."""
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{exchange.url}/learn")
    yield page
    assert faults == []
    context.close()


def choose(page: "Page", lesson: str) -> None:
    page.locator(f"[data-lesson={lesson}]").click()
    expect(page.locator(f"[data-lesson={lesson}]")).to_have_attribute("aria-current", "step")
    expect(page.locator("#moves > li")).to_have_count(1)
    expect(page.locator("#next")).to_be_enabled()


def go_on(page: "Page") -> None:
    made = page.locator("#moves > [data-made]").count()
    page.locator("#next").click()
    expect(page.locator("#moves > [data-made]")).to_have_count(made + 1)
    expect(page.locator("#again")).to_be_enabled()


def expect_queues(page: "Page", asks: Book, bids: Book) -> None:
    for side, levels in (("asks", asks), ("bids", bids)):
        rows = page.locator(f"#queue-{side} .level")
        cards = [card for queue in levels.values() for card in queue]
        expect(rows).to_have_count(len(levels))
        expect(page.locator(f"#queue-{side} .card")).to_have_text(
            [f"{place}.{card}" for queue in levels.values() for place, card in enumerate(queue, 1)]
        )
        assert [row.get_attribute("data-price") for row in rows.all()] == list(levels), cards


@pytest.mark.parametrize("lesson", ENDS)
def test_a_lesson_ends_with_the_book_that_it_speaks_of(
    browser: "Browser", shared_exchange: Exchange, lesson: str
) -> None:
    with lessons(browser, shared_exchange) as page:
        choose(page, lesson)
        while page.locator("#next").is_enabled():
            go_on(page)
        expect_queues(page, *ENDS[lesson])
        expect(page.locator("#notice")).to_be_hidden()
        depth = shared_exchange.get("/depth", symbol=SYMBOL)
        assert [price for price, _ in depth["bids"]] == list(ENDS[lesson][1])


def test_the_story_names_who_traded_with_whom(browser: "Browser", shared_exchange: Exchange) -> None:
    with lessons(browser, shared_exchange) as page:
        choose(page, "cascade")
        go_on(page)
        expect(page.locator("#queue-pending .card")).to_have_count(3)
        go_on(page)
        expect(page.locator("#story p")).to_have_text(
            [
                "You sold 1 at 99 to Dan.",
                "Ann sold 1 at 99 to Dan.",
                "Ann sold 1 at 98 to Dan.",
                "Ben sold 1 at 98 to Dan.",
                "Ben sold 1 at 97 to Dan.",
                "Cat sold 1 at 97 to Dan.",
                "Cat sold 1 at 95 to You.",
            ]
        )
        expect(page.locator("#queue-waits")).to_be_hidden()


def test_back_shows_the_book_of_before_with_an_iceberg_whole(browser: "Browser", shared_exchange: Exchange) -> None:
    with lessons(browser, shared_exchange) as page:
        choose(page, "iceberg")
        start = {"102": ["Cat 4"], "101": ["Ann 2 +8 hidden", "Ben 3"]}
        expect_queues(page, start, {"99": ["Cat 2"]})
        go_on(page)
        expect_queues(page, {"102": ["Cat 4"], "101": ["Ben 3", "Ann 2 +6 hidden"]}, {"99": ["Cat 2"]})
        page.locator("#back").click()
        expect_queues(page, start, {"99": ["Cat 2"]})
        expect(page.locator("#moves > [data-made]")).to_have_count(0)


def test_a_user_trades_himself_and_the_next_move_has_the_lessons_own_book(
    browser: "Browser", shared_exchange: Exchange
) -> None:
    with lessons(browser, shared_exchange) as page:
        choose(page, "priority")
        page.locator("#trial [name=quantity]").fill("3")
        page.locator("#trial [name=price]").fill("101")
        page.locator("#trial [type=submit]").click()
        expect(page.locator("#story p").first).to_have_text("You bought 2 at 101 from Ann.")
        expect(page.locator("#queue-bids .card[data-own]")).to_have_text("1.You 1")
        page.locator("#trial [name=price]").fill("many")
        page.locator("#trial [type=submit]").click()
        expect(page.locator("#trial-error")).to_contain_text("price")
        go_on(page)
        bids = {"99": ["Ann 2", "Ben 1", "You 2"], "98": ["Cat 5"]}
        expect_queues(page, {"102": ["Ben 3"], "101": ["Ann 2"]}, bids)


def test_two_pages_at_once_are_told_so(browser: "Browser", shared_exchange: Exchange) -> None:
    with lessons(browser, shared_exchange) as first, lessons(browser, shared_exchange) as second:
        choose(second, "sweep")
        expect(first.locator("#notice")).to_contain_text("Another page has changed this book")
        expect(second.locator("#notice")).to_be_hidden()
        page = second.context.new_page()
        page.goto(f"{shared_exchange.url}/learn")
        expect(page.locator("#notice")).to_contain_text("open in another page of this browser")
        expect(page.locator("#lesson")).to_be_hidden()
        second.close()
        expect(page.locator("#lesson")).to_be_visible()


def test_where_admin_calls_need_a_token_an_administrator_opens_the_lessons(browser: "Browser", tmp_path: Path) -> None:
    token = "a-token-of-the-test-00000000000000"
    settings = {"GATEWAY_AUTH": "keys", "GATEWAY_ADMIN_TOKEN": token, "GATEWAY_KEY_FILE": str(tmp_path / "server.key")}
    with Exchange(tmp_path, gateway_environment=settings) as exchange, lessons(browser, exchange) as page:
        expect(page.locator("#admin")).to_be_visible()
        expect(page.locator("#lesson")).to_be_hidden()
        page.locator("#token").fill("wrong")
        page.locator("#token").press("Enter")
        expect(page.locator("#token-error")).to_have_text("The exchange does not take this token.")
        page.locator("#token").fill(token)
        page.locator("#token").press("Enter")
        choose(page, "oco")
        go_on(page)
        expect(page.locator("#queue-pending .card")).to_have_text("You sell 3 at the market once 97 is traded")
        assert page.evaluate("Object.values({...localStorage, ...sessionStorage}).join()").count(token) == 0
