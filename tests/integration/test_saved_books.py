"""Saving and loading a book over the matcher's sockets, as POST /admin/save and /admin/load do."""

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from matcher.core.limits import MAX_LOADED_ORDERS
from matcher.storage.data_directory import MAX_SAVED_BOOK_BYTES
from protocol.client import CommandClient
from protocol.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    DepthQuery,
    LoadBook,
    OrderQuery,
    OrdersQuery,
    PlaceOrder,
    SaveBook,
    SetInstrument,
    TradesQuery,
)
from protocol.events import (
    BookLoaded,
    BookSaved,
    CommandRefused,
    Depth,
    InstrumentSet,
    OrderPage,
    OrderResult,
    OrderState,
    TradeHistory,
)
from protocol.session import WINDOW
from protocol.units import OrderStatus, OrderType, Reason, Refusal, Side
from tests.exchange import Json, Matcher

BUY, SELL = Side.BUY, Side.SELL
LIMIT = OrderType.LIMIT

_symbols = count(1)


class Market:
    """One symbol of a matcher, and two accounts of its own. Prices have two decimals and tick 0.05, quantities three
    and lot 0.01."""

    def __init__(self, matcher: Matcher, client: CommandClient, symbol: str) -> None:
        self.matcher = matcher
        self.client = client
        self.symbol = symbol
        self.account = f"{symbol}:one"
        self.other_account = f"{symbol}:two"
        self.file = matcher.data / "state" / f"orderbook_{symbol}.json"
        answer = client.command(SetInstrument(symbol, 2, 3, "COIN", "USD", 5, 10, 10, 10**9, 10**8, 0, 10, 20))
        assert isinstance(answer, InstrumentSet)

    def place(
        self,
        side: Side,
        quantity: int,
        price: int | None,
        order_type: OrderType = LIMIT,
        trigger_price: int | None = None,
        client_order_id: str | None = None,
        account: str = "",
    ) -> OrderResult:
        order = PlaceOrder(
            self.symbol, account or self.account, side, order_type, quantity, price, trigger_price, client_order_id
        )
        answer = self.client.command(order)
        assert isinstance(answer, OrderResult), answer
        return answer

    def rest(self, side: Side, quantity: int, price: int, client_order_id: str | None = None, account: str = "") -> int:
        """The id of an order that rests."""
        return self.place(side, quantity, price, client_order_id=client_order_id, account=account).order_id

    def rest_many(self, number: int) -> None:
        """Let so many asks rest, all at one price."""
        order = PlaceOrder(self.symbol, self.account, SELL, LIMIT, 10, 20_000)
        while number:
            sent = len(self.client.send([order] * min(number, WINDOW)))
            for _ in range(sent):
                assert isinstance(self.client.receive().answer, OrderResult)
            number -= sent

    def wait(
        self, side: Side, quantity: int, order_type: OrderType, trigger_price: int, price: int | None = None
    ) -> int:
        """The id of an order that waits for its trigger."""
        return self.place(side, quantity, price, order_type, trigger_price).order_id

    def do(self, command: Command) -> OrderState:
        answer = self.client.command(command)
        assert isinstance(answer, OrderState), answer
        return answer

    def save(self) -> BookSaved:
        result = self.client.query(SaveBook(self.symbol)).result
        assert isinstance(result, BookSaved), result
        return result

    def saved(self) -> Json:
        content: Json = json.loads(self.file.read_text())
        return content

    def load(self) -> BookLoaded:
        answer = self.client.command(LoadBook(self.symbol))
        assert isinstance(answer, BookLoaded), answer
        return answer

    def refuse(self) -> CommandRefused:
        """What is said of a file that cannot be loaded."""
        answer = self.client.command(LoadBook(self.symbol))
        assert isinstance(answer, CommandRefused), answer
        return answer

    def order(self, order_id: int) -> OrderState:
        result = self.client.query(OrderQuery(order_id)).result
        assert isinstance(result, OrderState)
        return result

    def orders(self) -> list[OrderState]:
        page = self.client.query(OrdersQuery(self.symbol, limit=1000)).result
        assert isinstance(page, OrderPage)
        # A load puts each order in its place again: that is its last change.
        return [replace(state, updated_sequence=0, updated=0) for state in page.orders]

    def depth(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        depth = self.client.query(DepthQuery(self.symbol, 1000)).result
        assert isinstance(depth, Depth)
        return depth.bids, depth.asks

    def makers_of(self, quantity: int, side: Side) -> list[int]:
        """Whom an order that takes this much meets, in order."""
        return [trade.maker_order_id for trade in self.place(side, quantity, None, OrderType.MARKET).trades]

    def last_trade_id(self) -> int:
        history = self.client.query(TradesQuery(self.symbol, 1)).result
        assert isinstance(history, TradeHistory)
        return history.trades[0].trade_id if history.trades else 0


@pytest.fixture(scope="module")
def client(shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


@pytest.fixture
def market(shared_matcher: Matcher, client: CommandClient) -> Market:
    return Market(shared_matcher, client, f"COIN{next(_symbols)}-USD")


def fill(market: Market) -> dict[str, int]:
    """A book with queues, a partial fill, pending orders of each kind, client ids and two accounts; the ids by what
    they are."""
    ids = {
        "first ask": market.rest(SELL, 100, 10_100),
        "second ask": market.rest(SELL, 200, 10_100, client_order_id="second", account=market.other_account),
        "far ask": market.rest(SELL, 300, 10_500),
        "first bid": market.rest(BUY, 500, 9_900, client_order_id="bid"),
        "second bid": market.rest(BUY, 600, 9_900),
        "taker": market.rest(SELL, 50, 9_900),
        "stop": market.wait(BUY, 70, OrderType.STOP_LIMIT, 10_600, 10_700),
        "other stop": market.wait(SELL, 80, OrderType.STOP_MARKET, 9_000),
        "profit": market.wait(SELL, 90, OrderType.TAKE_PROFIT, 11_000),
    }
    assert market.order(ids["first bid"]).status is OrderStatus.PARTIALLY_FILLED
    return ids


# The file


def test_file_is_readable(market: Market) -> None:
    ids = fill(market)
    answer = market.save()
    assert (answer.symbol, answer.file, answer.orders) == (market.symbol, f"state/orderbook_{market.symbol}.json", 8)
    saved = market.saved()
    assert market.file.read_text().count("\n") > 50
    assert (saved["symbol"], saved["last_trade"], saved["last_trade_id"]) == (market.symbol, "99", 1)
    assert [order["order_id"] for order in saved["bids"]] == [str(ids["first bid"]), str(ids["second bid"])]
    assert [order["order_id"] for order in saved["asks"]] == [
        str(ids[name]) for name in ("first ask", "second ask", "far ask")
    ]
    assert [order["order_id"] for order in saved["pending"]] == [
        str(ids[name]) for name in ("stop", "other stop", "profit")
    ]
    first_bid = {
        name: saved["bids"][0][name]
        for name in ("account", "side", "order_type", "quantity", "remaining_quantity", "price")
    }
    assert first_bid == {
        "account": market.account,
        "side": "buy",
        "order_type": "limit",
        "quantity": "0.5",
        "remaining_quantity": "0.45",
        "price": "99",
    }
    assert (saved["asks"][1]["account"], saved["asks"][1]["client_order_id"]) == (market.other_account, "second")
    assert (saved["pending"][0]["trigger_price"], saved["pending"][0]["price"]) == ("106", "107")


def test_saving_twice_gives_equal_bytes(market: Market) -> None:
    fill(market)
    market.save()
    first = market.file.read_bytes()
    market.file.unlink()
    market.save()
    assert market.file.read_bytes() == first
    assert [
        path.name for path in market.file.parent.iterdir() if path.name.startswith(f"orderbook_{market.symbol}.")
    ] == [market.file.name]


def test_load_of_what_was_just_saved_changes_nothing(market: Market) -> None:
    fill(market)
    market.save()
    first = market.saved()
    orders, depth = market.orders(), market.depth()
    loaded = market.load()
    assert (loaded.symbol, loaded.restored, loaded.skipped) == (market.symbol, 8, [])
    assert (market.orders(), market.depth()) == (orders, depth)
    market.save()
    assert {**market.saved(), "sequence": 0} == {**first, "sequence": 0}


def test_empty_book(market: Market) -> None:
    market.save()
    canceled = market.rest(BUY, 100, 1_000)
    assert market.load().restored == 0
    assert market.depth() == ([], [])
    assert market.order(canceled).reason is Reason.BOOK_REPLACED


# Loading


def test_load_keeps_priority(market: Market) -> None:
    ids = [market.rest(SELL, 100, 10_000) for _ in range(4)]
    market.save()
    # Each loses its place in another way.
    market.do(AmendOrder(ids[0], quantity=150))
    market.do(AmendOrder(ids[1], price=10_005))
    market.do(AmendOrder(ids[1], price=10_000))
    assert market.load().restored == 4
    assert market.makers_of(400, BUY) == ids


def test_load_brings_amended_orders_back(market: Market) -> None:
    order_id = market.rest(SELL, 100, 10_000)
    stop_id = market.wait(BUY, 70, OrderType.STOP_LIMIT, 10_600, 10_700)
    before = market.orders()
    market.save()
    market.do(AmendOrder(order_id, quantity=50, price=20_000))
    market.do(AmendOrder(stop_id, trigger_price=15_000))
    market.load()
    assert market.orders() == before


def test_load_skips_what_was_done_since(market: Market) -> None:
    kept = market.rest(BUY, 100, 9_900)
    canceled = market.rest(BUY, 100, 10_000)
    filled = market.rest(BUY, 100, 10_100)
    fired = market.wait(SELL, 10, OrderType.STOP_MARKET, 10_100)
    market.save()
    market.do(CancelOrder(canceled))
    market.place(SELL, 100, 10_100)
    loaded = market.load()
    assert (loaded.restored, loaded.skipped) == (1, [canceled, filled, fired])
    assert [order.order_id for order in market.orders()] == [kept]
    assert [market.order(order_id).status for order_id in (canceled, filled, fired)] == [
        OrderStatus.CANCELED,
        OrderStatus.FILLED,
        OrderStatus.FILLED,
    ]


def test_load_keeps_the_fills_since(market: Market) -> None:
    order_id = market.rest(BUY, 100, 10_000)
    market.save()
    market.place(SELL, 30, 10_000)
    assert market.load().restored == 1
    order = market.order(order_id)
    assert (order.quantity, order.filled_quantity, order.remaining_quantity) == (100, 30, 70)
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert market.depth() == ([(10_000, 70)], [])


def test_load_cancels_what_the_file_does_not_hold(market: Market) -> None:
    kept = market.rest(BUY, 100, 9_900)
    market.save()
    newer = [
        market.rest(BUY, 100, 9_950, client_order_id="newer"),
        market.rest(SELL, 100, 10_500),
        market.wait(SELL, 80, OrderType.STOP_MARKET, 9_000),
    ]
    assert market.load().restored == 1
    assert [order.order_id for order in market.orders()] == [kept]
    for order_id in newer:
        order = market.order(order_id)
        assert (order.status, order.reason, order.remaining_quantity) == (OrderStatus.CANCELED, Reason.BOOK_REPLACED, 0)
    # Their client ids stay used.
    again = market.do(PlaceOrder(market.symbol, market.account, BUY, LIMIT, 100, 9_950, client_order_id="newer"))
    assert (again.order_id, again.duplicate) == (newer[0], True)


def test_load_leaves_other_symbols_alone(market: Market, shared_matcher: Matcher, client: CommandClient) -> None:
    other = Market(shared_matcher, client, f"COIN{next(_symbols)}-USD")
    market.rest(BUY, 100, 9_900)
    market.save()
    order_id = other.rest(BUY, 100, 9_900)
    market.load()
    assert other.order(order_id).status is OrderStatus.OPEN


def test_ids_and_trade_numbers_never_go_back(market: Market) -> None:
    market.rest(BUY, 100, 9_900)
    market.save()
    last = market.place(SELL, 50, 9_900)
    trade_id = market.last_trade_id()
    market.load()
    after = market.place(SELL, 10, 9_900)
    assert after.order_id == last.order_id + 1
    assert [trade.trade_id for trade in after.trades] == [trade_id + 1]


def test_loaded_orders_keep_their_client_ids(market: Market) -> None:
    ids = fill(market)
    market.save()
    market.load()
    again = market.do(PlaceOrder(market.symbol, market.account, BUY, LIMIT, 500, 9_900, client_order_id="bid"))
    assert (again.order_id, again.duplicate, again.filled_quantity) == (ids["first bid"], True, 50)
    canceled = market.do(CancelOrder(account=market.other_account, client_order_id="second"))
    assert canceled.order_id == ids["second ask"]


def test_loaded_triggers_fire(market: Market) -> None:
    maker = market.rest(SELL, 1_000, 10_000)
    stop = market.wait(BUY, 100, OrderType.STOP_MARKET, 10_000)
    market.save()
    market.do(CancelOrder(market.rest(BUY, 10, 1_000)))
    market.load()
    market.place(BUY, 10, 10_000)
    order = market.order(stop)
    assert (order.status, [trade.maker_order_id for trade in order.trades]) == (OrderStatus.FILLED, [maker])


def test_fresh_data_directory_can_load(market: Market, tmp_path: Path) -> None:
    ids = fill(market)
    market.save()
    orders, depth, trade_id = market.orders(), market.depth(), market.last_trade_id()
    fresh = Matcher(tmp_path)
    (fresh.data / "state").mkdir(parents=True)
    shutil.copy(market.file, fresh.data / "state")
    fresh.start()
    try:
        fresh.wait_until_ready()
        with fresh.client() as client:
            there = Market(fresh, client, market.symbol)
            assert there.depth() == ([], [])
            assert (there.load().restored, there.depth()) == (8, depth)
            assert there.orders() == orders
            again = there.do(PlaceOrder(market.symbol, market.account, BUY, LIMIT, 500, 9_900, client_order_id="bid"))
            assert (again.order_id, again.duplicate) == (ids["first bid"], True)
            taker = there.place(BUY, 150, 10_100)
            assert taker.order_id == max(ids.values()) + 1
            assert [(trade.trade_id, trade.maker_order_id) for trade in taker.trades] == [
                (trade_id + 1, ids["first ask"]),
                (trade_id + 2, ids["second ask"]),
            ]
            there.save()
            saved = there.file.read_bytes()
        # The load is in the journal: no file is needed to bring it back.
        there.file.unlink()
        fresh.kill()
        fresh.restart()
        with fresh.client() as client:
            after = Market(fresh, client, market.symbol)
            after.save()
            assert {**json.loads(saved), "sequence": 0} == {**after.saved(), "sequence": 0}
    finally:
        fresh.close()


# Files that cannot be loaded


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


def test_a_large_book_is_saved_while_orders_go_on(market: Market) -> None:
    """The file is written beside the loop: it holds the book as of the sequence that the answer names, and nothing that
    came later."""
    market.rest_many(30_000)
    request = market.client.ask(SaveBook(market.symbol))
    later = [market.rest(BUY, 10, 9_000) for _ in range(20)]
    response = market.client.result(request)
    assert isinstance(response.result, BookSaved)
    saved = market.saved()
    assert response.sequence == saved["sequence"] < market.order(later[-1]).sequence
    in_time = [str(order_id) for order_id in later if market.order(order_id).sequence <= response.sequence]
    assert [order["order_id"] for order in saved["bids"]] == in_time
    assert (len(saved["asks"]), response.result.orders) == (30_000, 30_000 + len(in_time))


def test_unknown_symbol(client: CommandClient) -> None:
    for answer in (client.command(LoadBook("NO-SUCH")), client.query(SaveBook("NO-SUCH")).result):
        assert isinstance(answer, CommandRefused)
        assert answer.refusal is Refusal.UNKNOWN_SYMBOL


def test_good_file_after_all(filled: Market) -> None:
    shutil.copy(filled.file.with_suffix(".good"), filled.file)
    assert filled.load().restored == 8
