"""An account is told as it stands, then each change once and in order; what cannot be told is a hole."""

from msgspec import structs

from matching_exchange.client.errors import Unavailable
from matching_exchange.client.zmq.account_follower import AccountFollower, Beginning
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.steps import Known
from protocol.commands import AccountUpdatesQuery, BalancesQuery, InstrumentsQuery, OrdersQuery, WatchAccount
from protocol.events import (
    AccountSet,
    AccountState,
    AccountUpdate,
    AccountUpdates,
    AssetBalance,
    Balances,
    BalancesPart,
    InstrumentList,
    OrderChange,
    OrderPage,
    OrderPlaced,
    OrderState,
)
from protocol.units import OrderStatus, OrderType, Side
from tests.unit.client.zmq.desk import BTC, Desk

ORDER = OrderState(
    1, None, "ann", "BTC-USDT", Side.BUY, OrderType.LIMIT, 100, None, OrderStatus.OPEN, True, 5, 0, 5, 0, None, 1, 1, []
)  # fmt: skip
NO_BALANCES = Balances("ann", ledger=False, balances=[])


def order(order_id: int, status: OrderStatus = OrderStatus.OPEN) -> OrderState:
    return structs.replace(ORDER, order_id=order_id, status=status)


def update(sequence: int, previous: int, *orders: OrderState) -> AccountUpdate:
    changes = [OrderChange(state.order_id, OrderPlaced(state.order_id), 0) for state in orders]
    return AccountUpdate.of("ann", sequence, previous, sequence * 1_000, changes, list(orders))


class Reader:
    def __init__(self, *, knows: bool = True) -> None:
        self.desk = Desk()
        self.told: list[Beginning | AccountUpdate] = []
        self.holes: list[Hole] = []
        self.known = Known("ann", lambda: 0)
        if knows:
            self.known.instruments[BTC.symbol] = BTC
        self.follower = AccountFollower("ann", self.desk, self.known, self.told.append, self.holes.append)
        self.follower.tick(0)

    def watched(self, sequence: int) -> None:
        assert self.desk.commands[0][0] == WatchAccount("ann")
        self.desk.carry_out(AccountState("ann", suspended=False, cancel_at=None), sequence)

    def begin(self, sequence: int, *orders: OrderState) -> None:
        self.watched(sequence)
        self.begin_anew(sequence, *orders)

    def begin_anew(self, sequence: int, *orders: OrderState) -> None:
        self.desk.asked(BalancesQuery)
        self.desk.answer(NO_BALANCES, sequence)
        self.desk.asked(OrdersQuery)
        self.desk.answer(OrderPage(list(orders), None), sequence)
        self.updates(sequence)

    def updates(
        self, sequence: int, *updates: AccountUpdate, complete: bool = True, following: int | None = None,
        watched: bool = True,
    ) -> None:  # fmt: skip
        self.desk.asked(AccountUpdatesQuery)
        self.desk.answer(AccountUpdates(list(updates), complete, following, watched), sequence)

    @property
    def sequences(self) -> list[int]:
        return [item.sequence for item in self.told]


def test_it_begins_with_what_is_open() -> None:
    reader = Reader()
    reader.begin(7, order(3), order(5))
    (start,) = reader.told
    assert isinstance(start, Beginning)
    assert (start.sequence, list(start.orders), start.again) == (7, [3, 5], False)
    reader.follower.receive(update(8, 6, order(6)))
    assert reader.sequences == [7, 8]


def test_parts_of_different_sequences_are_brought_to_one() -> None:
    reader = Reader()
    reader.watched(4)
    reader.desk.answer(Balances("ann", ledger=True, balances=[AssetBalance("USDT", "9", "0")]), 5)
    reader.desk.answer(OrderPage([order(1), order(2)], next=2), 6)
    assert reader.desk.asked(OrdersQuery).after == 2
    reader.desk.answer(OrderPage([order(8)], None), 9)
    assert reader.desk.asked(AccountUpdatesQuery).after == 5, "the first part's"
    change = update(8, 4, order(1, OrderStatus.CANCELED), order(7))
    money = BalancesPart(ledger=True, balances=[AssetBalance("USDT", "3", "6")])
    suspended = AccountUpdate.of("ann", 9, 8, 1, [], [], AccountSet("ann", suspended=True, cancel_at=77), money)
    reader.follower.receive(update(12, 9, order(9)))
    reader.updates(8, change, following=8)
    assert reader.told == []
    reader.updates(10, suspended)
    start = reader.told[0]
    assert isinstance(start, Beginning)
    assert list(start.orders) == [2, 7, 8]
    assert (start.sequence, start.suspended, start.cancel_at) == (10, True, 77)
    assert start.balances == {"USDT": AssetBalance("USDT", "3", "6")}
    assert reader.sequences == [10, 12]


def test_a_lost_update_is_asked_for_and_nothing_comes_twice() -> None:
    reader = Reader()
    reader.begin(7)
    reader.follower.receive(update(9, 8, order(2)))
    reader.follower.receive(update(10, 9, order(3)))
    assert reader.desk.asked(AccountUpdatesQuery).after == 7
    reader.updates(9, update(8, 3, order(1)), update(9, 8, order(2)))
    reader.follower.receive(update(10, 9, order(3)))
    assert reader.sequences == [7, 8, 9, 10]
    assert not reader.holes


def test_what_is_kept_no_more_is_a_hole_and_it_begins_again() -> None:
    reader = Reader()
    reader.begin(7)
    reader.follower.receive(update(90, 89, order(2)))
    reader.updates(90, complete=False)
    assert [(hole.feed, hole.name, hole.after) for hole in reader.holes] == [("account", "ann", 7)]
    reader.begin(91, order(2))
    again = reader.told[-1]
    assert isinstance(again, Beginning)
    assert again.again
    assert reader.sequences == [7, 91]


def test_a_matcher_that_lost_what_it_told_is_a_hole() -> None:
    reader = Reader()
    reader.begin(7)
    reader.follower.receive(update(8, 3, order(1)))
    reader.follower.connection(ConnectionState("open", 2))
    assert reader.desk.asked(AccountUpdatesQuery).after == 7, "with the last one that was told"
    other = structs.replace(update(8, 3, order(1)), timestamp=1)
    reader.updates(9, other)
    assert ["lost what it had told" in hole.detail for hole in reader.holes] == [True]
    reader.begin(9)
    assert reader.sequences == [7, 8, 9]


def test_a_matcher_that_knows_the_last_update_goes_on() -> None:
    reader = Reader()
    reader.begin(7)
    last = update(8, 3, order(1))
    reader.follower.receive(last)
    reader.follower.connection(ConnectionState("open", 2))
    reader.updates(9, last, update(9, 8, order(2)))
    assert reader.sequences == [7, 8, 9]
    assert not reader.holes


def test_an_account_that_is_watched_no_more_is_a_hole() -> None:
    reader = Reader()
    reader.begin(7)
    reader.follower.connection(ConnectionState("open", 2))
    reader.updates(9, watched=False)
    assert len(reader.holes) == 1
    reader.begin(9)
    assert reader.sequences == [7, 9]


def test_without_a_matcher_it_tries_again_with_the_next_tick() -> None:
    reader = Reader()
    reader.desk.refuse(Unavailable("matcher_unavailable", ""))
    assert not reader.desk.commands
    reader.follower.tick(1)
    reader.begin(7)
    assert reader.sequences == [7]


def test_an_unknown_instrument_is_asked_for_first() -> None:
    reader = Reader(knows=False)
    reader.watched(7)
    reader.desk.answer(NO_BALANCES, 7)
    reader.desk.answer(OrderPage([order(3)], None), 7)
    reader.updates(7)
    assert reader.told == []
    reader.desk.asked(InstrumentsQuery)
    reader.desk.answer(InstrumentList([BTC]), 7)
    assert reader.sequences == [7]


def test_an_update_of_an_unknown_instrument_waits_for_it() -> None:
    reader = Reader(knows=False)
    reader.begin(7)
    change = update(8, 7, order(3))
    reader.follower.receive(change)
    assert reader.sequences == [7]
    reader.updates(8, change)
    reader.desk.asked(InstrumentsQuery)
    reader.desk.answer(InstrumentList([BTC]), 8)
    assert reader.sequences == [7, 8]
