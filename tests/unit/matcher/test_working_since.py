"""Since when an order works, and a trailing stop follows: in answers, listings and account streams, over snapshots and saved books."""

from pathlib import Path

import pytest

from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.serving.queries import answer_query
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.commands import LoadBook, OrdersQuery, OwnCommand, SetInstrument, WatchAccount
from protocol.events import Answer, OrderPage, OrderResult, OrderState
from protocol.units import OrderStatus
from tests.tape import BUY, COIN, SELL, amend, cancel, change, limit, market, stop_limit, trailing_stop


class Player:
    """The commands of a session, one at a time; the n-th is stamped with the time n."""

    def __init__(self) -> None:
        self.state = State(Engine())
        self.time = 0
        self.play(SetInstrument.of(COIN))

    def play(self, *commands: OwnCommand) -> Answer:
        for command in commands:
            self.time += 1
            reply, self.caused = self.state.apply(OWN_SESSION, 0, [command], self.time)
        return reply.answers[-1]

    def state_of(self, order_id: int) -> OrderState:
        """The order, live or done, as a list tells it."""
        for done in (False, True):
            page = answer_query(self.state.registry, OrdersQuery(COIN.symbol, None, done, 100, 0))
            assert isinstance(page, OrderPage)
            for state in page.orders:
                if state.order_id == order_id:
                    return state
        raise AssertionError(order_id)

    def working_since(self, order_id: int) -> int | None:
        return self.state_of(order_id).working_since


@pytest.fixture
def player() -> Player:
    player = Player()
    player.play(limit(SELL, 1, 100), market(BUY, 1))
    return player


def test_a_plain_order_works_since_its_entry(player: Player) -> None:
    player.play(limit(SELL, 5, 110), limit(SELL, 5, 111, tag="a"))
    assert (player.working_since(3), player.working_since(4)) == (4, 5)
    player.play(market(BUY, 2), amend(3, price=112), cancel(3))
    assert player.working_since(3) == 4


def test_an_order_that_waits_works_from_the_moment_at_which_it_fires(player: Player) -> None:
    player.play(stop_limit(BUY, 5, 105, at=102))
    assert player.working_since(3) is None
    player.play(limit(SELL, 1, 102), market(BUY, 1))
    fired = player.state_of(3)
    assert (fired.status, fired.working_since) == (OrderStatus.OPEN, 6)
    player.play(limit(SELL, 2, 105))
    assert (player.working_since(3), player.state_of(3).updated) == (6, 7)


def test_one_that_fires_at_once_works_since_its_entry(player: Player) -> None:
    player.play(stop_limit(BUY, 5, 105, at=99))
    assert player.working_since(3) == 4


def test_what_never_worked_has_none(player: Player) -> None:
    player.play(stop_limit(BUY, 5, 105, at=102), cancel(3))
    player.play(change(COIN, max_order_notional=10), limit(BUY, 5, 100))
    assert (player.working_since(3), player.working_since(4)) == (None, None)


def test_a_watched_account_is_told(player: Player) -> None:
    player.play(WatchAccount("default"), stop_limit(BUY, 5, 105, at=102))
    assert player.caused[0].updates[0].orders[0].working_since is None
    player.play(limit(SELL, 1, 102), market(BUY, 1))
    told = {state.order_id: state.working_since for state in player.caused[0].updates[0].orders}
    assert told == {3: 7, 4: 6, 5: 7}


def test_the_short_answer_to_a_plain_order_leaves_it_out(player: Player) -> None:
    assert isinstance(player.play(limit(SELL, 5, 110)), OrderResult)


def waiting_and_fired(player: Player) -> None:
    """Orders 3 and 4 have fired, order 4 is partly filled, order 5 waits."""
    player.play(
        stop_limit(BUY, 5, 105, at=102), stop_limit(BUY, 5, 104, at=102), trailing_stop(SELL, 1, trailing_bps=5)
    )
    player.play(limit(SELL, 1, 102), market(BUY, 1), limit(SELL, 1, 104))


def test_a_snapshot_keeps_it(player: Player, tmp_path: Path) -> None:
    waiting_and_fired(player)
    _, player.state = read_snapshot(write_snapshot(tmp_path, player.state, "journal", 1))
    assert [player.working_since(order_id) for order_id in (3, 4, 5)] == [8, 8, None]


def test_a_saved_book_keeps_it(player: Player) -> None:
    waiting_and_fired(player)
    saved = save_book(player.state.registry.books[COIN.symbol], 9)
    other = Player()
    other.play(LoadBook(COIN.symbol, saved))
    assert [other.working_since(order_id) for order_id in (3, 4, 5)] == [8, 8, None]
    player.play(LoadBook(COIN.symbol, saved))
    assert [player.working_since(order_id) for order_id in (3, 4, 5)] == [8, 8, None]


def test_since_when_a_trailing_stop_with_an_activation_price_follows(player: Player, tmp_path: Path) -> None:
    """Also over snapshots and saved books, and once it is done."""
    player.play(trailing_stop(SELL, 1, trailing_bps=5, activation_price=102), trailing_stop(SELL, 1, trailing_bps=5))
    since = [player.state_of(order_id).active_since for order_id in (3, 4)]
    assert since == [None, None]
    player.play(limit(SELL, 1, 102), market(BUY, 1), limit(SELL, 1, 103), market(BUY, 1))
    assert [player.state_of(order_id).active_since for order_id in (3, 4)] == [7, None]
    saved = save_book(player.state.registry.books[COIN.symbol], 9)
    _, player.state = read_snapshot(write_snapshot(tmp_path, player.state, "journal", 1))
    assert player.state_of(3).active_since == 7
    player.play(cancel(3))
    assert player.state_of(3).active_since == 7
    other = Player()
    other.play(LoadBook(COIN.symbol, saved))
    assert other.state_of(3).active_since == 7


def test_an_order_that_is_loaded_as_waiting_again_works_no_more(player: Player) -> None:
    player.play(stop_limit(BUY, 5, 105, at=102))
    saved = save_book(player.state.registry.books[COIN.symbol], 4)
    player.play(limit(SELL, 1, 102), market(BUY, 1))
    assert player.working_since(3) == 6
    player.play(LoadBook(COIN.symbol, saved))
    assert player.working_since(3) is None
