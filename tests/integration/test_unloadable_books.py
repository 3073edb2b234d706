"""Saved books that cannot be loaded: each is refused, and changes nothing."""

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count

import msgspec
import pytest
from msgspec import structs

from matcher.core.limits import MAX_LOADED_ORDERS
from matcher.storage.data_directory import MAX_SAVED_BOOK_BYTES
from protocol.client import CommandClient
from protocol.commands import CancelOrder, LoadBook, SaveBook
from protocol.events import CommandRefused
from protocol.saved_book import SavedBook
from protocol.units import OrderStatus, Refusal
from tests.exchange import Json, Matcher
from tests.integration.saved_book_market import BUY, Market, fill

_symbols = count(1)


@pytest.fixture(scope="module")
def client(shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


@pytest.fixture
def market(shared_matcher: Matcher, client: CommandClient) -> Market:
    return Market(shared_matcher, client, f"COIN{next(_symbols)}-USD")


def edited(change: Callable[[Json], object]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return edit


def set_in(part: str, **fields: object) -> Callable[[str], str]:
    return edited(lambda book: book[part][0].update(fields))


def without(part: str, field: str) -> Callable[[str], str]:
    return edited(lambda book: book[part][0].pop(field))


BAD_FILES: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "garbage": lambda _: "\x00\x01garbage",
    "no UTF-8": lambda text: text.replace(":one", ":\udcff\udcfe", 1),
    "cut short": lambda text: text[: len(text) // 2],
    "a list": lambda _: "[]",
    "null": lambda _: "null",
    "no orders": lambda _: '{"format": 1}',
    "two books": lambda text: text + text,
    "nested deep": lambda _: "[" * 200_000 + "]" * 200_000,
    "nested deep in an unknown field": lambda text: (
        '{"unknown": ' + "[" * 200_000 + "]" * 200_000 + "," + text.lstrip()[1:]
    ),
    "another format": edited(lambda book: book.update(format=2)),
    "format as text": edited(lambda book: book.update(format="1")),
    "another symbol": edited(lambda book: book.update(symbol="BTC-USDT")),
    "crossed": set_in("bids", price="101.05"),
    "locked": set_in("bids", price="101"),
    "worst bid first": edited(lambda book: book["asks"].reverse()),
    "price off the tick": set_in("bids", price="99.01"),
    "price with too many decimals": set_in("bids", price="99.001"),
    "price negative": set_in("bids", price="-99"),
    "price zero": set_in("bids", price="0"),
    "price as number": set_in("bids", price=99),
    "price as words": set_in("bids", price="cheap"),
    "price with an endless exponent": set_in("bids", price="1e999999999"),
    "price over all bounds": set_in("asks", price="9" * 60),
    "price missing": without("bids", "price"),
    "price null": set_in("bids", price=None),
    "quantity off the lot": set_in("bids", quantity="0.505"),
    "quantity negative": set_in("bids", quantity="-0.5"),
    "quantity zero": set_in("bids", quantity="0"),
    "quantity NaN": set_in("bids", quantity="NaN"),
    "quantity missing": without("bids", "quantity"),
    "remaining over quantity": set_in("bids", remaining_quantity="0.51"),
    "remaining zero": set_in("bids", remaining_quantity="0"),
    "remaining negative": set_in("bids", remaining_quantity="-0.1"),
    "filled value negative": set_in("bids", filled_value="-1"),
    "sell among bids": set_in("bids", side="sell"),
    "unknown side": set_in("bids", side="up"),
    "market order at rest": set_in("bids", order_type="market"),
    "ioc order at rest": set_in("bids", order_type="ioc"),
    "unknown type": set_in("bids", order_type="iceberg"),
    "limit order that waits": set_in("pending", order_type="limit"),
    "trigger of a limit order": set_in("bids", trigger_price="100"),
    "no trigger": set_in("pending", trigger_price=None),
    "trigger off the tick": set_in("pending", trigger_price="106.01"),
    "trigger negative": set_in("pending", trigger_price="-106"),
    "account missing": without("bids", "account"),
    "account with a space": set_in("bids", account="a b"),
    "account too long": set_in("bids", account="x" * 65),
    "client id with a slash": set_in("bids", client_order_id="../x"),
    "order id zero": set_in("bids", order_id="0"),
    "order id negative": set_in("bids", order_id="-1"),
    "order id as word": set_in("bids", order_id="x"),
    "order id in other digits": set_in("bids", order_id="١٢"),
    "order id too large": set_in("bids", order_id=str(2**63)),
    "order id twice": edited(lambda book: book["bids"].append(book["bids"][1])),
    "order on both sides": edited(lambda book: book["bids"][0].update(order_id=book["asks"][0]["order_id"])),
    "client id twice": edited(lambda book: book["bids"][1].update(client_order_id="bid")),
    "client id of another order": edited(lambda book: book["bids"][0].update(client_order_id="taken")),
    "order of another account": set_in("bids", account="other"),
    "order of another client id": set_in("bids", client_order_id="another"),
    "order of another time": set_in("bids", timestamp=1),
    "sequence negative": set_in("bids", sequence=-1),
    "sequence over 64 bits": set_in("bids", sequence=2**64),
    "timestamp as fraction": set_in("bids", timestamp=1.5),
    "trades negative": edited(lambda book: book.update(last_trade_id=-1)),
    "trades over 63 bits": edited(lambda book: book.update(last_trade_id=2**63)),
    "last trade negative": edited(lambda book: book.update(last_trade="-99")),
    "last trade off the tick": edited(lambda book: book.update(last_trade="99.01")),
}


@pytest.fixture(scope="module")
def filled(shared_matcher: Matcher, client: CommandClient) -> Market:
    """A market with a saved book that must not change any more."""
    market = Market(shared_matcher, client, "FILLED-USD")
    market.do(CancelOrder(market.rest(BUY, 10, 1_000, client_order_id="taken")))
    fill(market)
    market.save()
    shutil.copy(market.file, market.file.with_suffix(".good"))
    return market


def assert_refused(market: Market, refusal: Refusal) -> CommandRefused:
    """The file is refused and nothing is changed by it."""
    orders, depth, trade_id = market.orders(), market.depth(), market.last_trade_id()
    refused = market.refuse()
    assert refused.refusal is refusal
    assert refused.detail
    assert (market.orders(), market.depth(), market.last_trade_id()) == (orders, depth, trade_id)
    first = market.rest(BUY, 10, 1_000)
    market.do(CancelOrder(first))
    assert first == market.do(CancelOrder(market.rest(BUY, 10, 1_000))).order_id - 1
    return refused


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in BAD_FILES.items()])
def test_bad_file_changes_nothing(filled: Market, change: Callable[[str], str]) -> None:
    text = change(filled.file.with_suffix(".good").read_text())
    filled.file.write_bytes(text.encode(errors="surrogateescape"))
    assert_refused(filled, Refusal.INVALID_SAVED_BOOK)


def test_bad_field_is_named(filled: Market) -> None:
    text = set_in("asks", price="101.01")(filled.file.with_suffix(".good").read_text())
    filled.file.write_text(text)
    assert filled.refuse().field == "asks[0].price"


def test_order_of_another_symbol_is_refused(filled: Market, market: Market) -> None:
    foreign = market.rest(BUY, 10, 1_000)
    filled.file.write_text(set_in("bids", order_id=str(foreign))(filled.file.with_suffix(".good").read_text()))
    assert "another order" in assert_refused(filled, Refusal.INVALID_SAVED_BOOK).detail
    assert market.order(foreign).status is OrderStatus.OPEN


def test_missing_file(market: Market) -> None:
    market.rest(BUY, 10, 1_000)
    assert assert_refused(market, Refusal.NO_SAVED_BOOK).detail == f"there is no state/orderbook_{market.symbol}.json"


def test_directory_in_the_place_of_the_file(market: Market) -> None:
    market.save()
    market.file.unlink()
    market.file.mkdir()
    assert_refused(market, Refusal.INVALID_SAVED_BOOK)
    refused = market.client.query(SaveBook(market.symbol)).result
    assert isinstance(refused, CommandRefused)
    assert refused.refusal is Refusal.SAVE_FAILED


def test_file_that_is_too_large(market: Market) -> None:
    market.save()
    with market.file.open("r+b") as file:
        file.truncate(MAX_SAVED_BOOK_BYTES + 1)
    assert_refused(market, Refusal.SAVED_BOOK_TOO_LARGE)


def test_more_orders_in_the_file_than_are_loaded(filled: Market) -> None:
    """They are counted before they are read: a file whose orders are no good is as large as any other."""
    good = filled.file.with_suffix(".good").read_text()
    filled.file.write_text(edited(lambda book: book.update(bids=book["bids"][:1] * MAX_LOADED_ORDERS))(good))
    detail = assert_refused(filled, Refusal.SAVED_BOOK_TOO_LARGE).detail
    assert detail == "the file of FILLED-USD has more: takes at most 20000 orders"


def test_more_live_orders_than_a_load_cancels(market: Market) -> None:
    kept = market.rest(BUY, 10, 9_000)
    market.save()
    market.rest_many(MAX_LOADED_ORDERS - 1)
    assert market.load().restored == 1
    market.rest_many(MAX_LOADED_ORDERS)
    assert "live orders: takes at most 20000" in assert_refused(market, Refusal.SAVED_BOOK_TOO_LARGE).detail
    assert market.order(kept).status is OrderStatus.OPEN


@pytest.mark.parametrize("given", [True, False], ids=["given", "file"])
def test_an_id_that_leaves_no_room_for_the_next(market: Market, *, given: bool) -> None:
    """Ids go on from the greatest one, and a later save must be loadable again."""
    kept = market.rest(BUY, 10, 9_000)
    market.save()
    saved = msgspec.json.decode(market.file.read_bytes(), type=SavedBook)
    crossing = [
        ("last_trade_id", structs.replace(saved, last_trade_id=10**17 + 1)),
        ("order_id", structs.replace(saved, bids=[structs.replace(saved.bids[0], order_id="9" * 18)])),
    ]
    for field, book in crossing:
        if given:
            answer = market.client.command(LoadBook(market.symbol, book, new_order_ids=True))
        else:
            market.file.write_bytes(msgspec.json.encode(book))
            answer = market.client.command(LoadBook(market.symbol))
        assert isinstance(answer, CommandRefused)
        assert answer.refusal is Refusal.INVALID_SAVED_BOOK
        assert f"{field} is" in answer.detail
        assert answer.detail.endswith(f"takes at most {10**17}")
    assert market.order(kept).status is OrderStatus.OPEN


def test_an_id_of_many_digits_in_a_given_book_is_none(market: Market) -> None:
    """Python refuses to make a number of more than 4,300 digits."""
    kept = market.rest(BUY, 10, 9_000)
    market.save()
    saved = msgspec.json.decode(market.file.read_bytes(), type=SavedBook)
    long = structs.replace(saved, bids=[structs.replace(saved.bids[0], order_id="9" * 5_000)])
    answer = market.client.command(LoadBook(market.symbol, long))
    assert isinstance(answer, CommandRefused)
    assert (answer.refusal, answer.field) == (Refusal.INVALID_SAVED_BOOK, "bids[0].order_id")
    assert market.order(kept).status is OrderStatus.OPEN


def test_unknown_symbol(client: CommandClient) -> None:
    for answer in (client.command(LoadBook("NO-SUCH")), client.query(SaveBook("NO-SUCH")).result):
        assert isinstance(answer, CommandRefused)
        assert answer.refusal is Refusal.UNKNOWN_SYMBOL


def test_good_file_after_all(filled: Market) -> None:
    shutil.copy(filled.file.with_suffix(".good"), filled.file)
    assert filled.load().restored == 8
