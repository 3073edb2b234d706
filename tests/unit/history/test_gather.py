"""The rows of journals of earlier versions: saved books, OCOs, triggers, money, self-trades and all else in them."""

from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from history.schema.order_rows import order_of_row
from history.writing.rows import TableRows
from matcher.core.registry import Registry
from matcher.engine import Engine
from matcher.reply import Reply
from matcher.serving.answers import order_state
from matcher.state import Caused, State
from matcher.storage.journal import Journal
from protocol.events import BookLoaded
from protocol.instrument import format_decimal
from tests.history_tables import Played
from tests.oracle.naive_candles import naive_candles

DATA = Path(__file__).parents[2] / "data"

JOURNALS = sorted(path.parent.name for path in DATA.glob("*/journal"))


@pytest.fixture(scope="module", params=JOURNALS)
def gathered(request: pytest.FixtureRequest) -> tuple[Registry, TableRows]:
    played = Played()
    for record in Journal(DATA / request.param / "journal").records():
        played.state.replay(record, played.observe)
    return played.state.registry, played.gatherer.take()


def test_there_are_journals_that_load_books() -> None:
    """A guard of the tests below."""
    loaded: list[BookLoaded] = []

    def look(_reply: Reply, caused: list[Caused]) -> None:
        loaded.extend(event for one in caused for event in one.events if isinstance(event, BookLoaded))

    for name in JOURNALS:
        state = State(Engine())
        for record in Journal(DATA / name / "journal").records():
            state.replay(record, look)
    assert loaded


def test_every_done_order_has_its_row(gathered: tuple[Registry, TableRows]) -> None:
    """None of these engines has forgotten any. Whether an account has a ledger may have changed since."""
    registry, rows = gathered
    assert registry.forgotten == 0
    told = [replace(order_state(order, []), reserved=None) for order in registry.done]
    assert [replace(order_of_row(row), reserved=None) for row in rows.orders] == told
    counts: Counter[str] = Counter()
    for number, row in enumerate(rows.orders, 1):
        counts[row[4]] += 1
        assert row[:2] == (number, counts[row[4]])


def test_every_trade_is_there_once(gathered: tuple[Registry, TableRows]) -> None:
    registry, rows = gathered
    assert len({row[:2] for row in rows.trades}) == len(rows.trades)
    for symbol, book in registry.books.items():
        mine = [row for row in rows.trades if row[0] == symbol]
        assert len(mine) == book.last_trade_id
        assert [row[1] for row in mine[-len(book.trades) :]] == [trade.trade_id for trade in book.trades]
    filled: Counter[int] = Counter()
    for row in rows.trades:
        filled.update({row[6]: row[4], row[7]: row[4]})
    for row in rows.orders:
        assert filled[row[2]] == row[13]


def test_candles_are_those_of_the_trades(gathered: tuple[Registry, TableRows]) -> None:
    _, rows = gathered
    assert sorted(rows.candles, key=lambda row: row[:3]) == naive_candles(rows.trades)


def test_last_balances_are_those_of_the_ledgers(gathered: tuple[Registry, TableRows]) -> None:
    registry, rows = gathered
    last = {(row[0], row[5]): row[7] for row in rows.movements}
    for name, account in registry.accounts.items():
        for asset in registry.assets.values():
            now = "0"
            if account.ledger is not None:
                balance = account.ledger.balance(asset)
                now = format_decimal(balance.free + balance.locked, asset.decimals)
            assert last.get((name, asset.name), "0") == now


def test_every_change_of_an_instrument_is_told(gathered: tuple[Registry, TableRows]) -> None:
    registry, rows = gathered
    assert {row[0] for row in rows.instruments} == registry.books.keys()
    assert len({row[:2] for row in rows.instruments}) == len(rows.instruments)
