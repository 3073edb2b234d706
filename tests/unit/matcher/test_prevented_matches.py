"""What self-trade prevention has kept from trading, as it is remembered, told with its events, and listed."""

import pytest
from msgspec.structs import replace

from matcher.core.prevented_matches import MAX_OF_ACCOUNT, MAX_PREVENTED_MATCHES, PreventedMatches
from matcher.serving.queries import list_prevented_matches
from protocol.commands import OrderQuery, PreventedMatchesQuery
from protocol.events import OrderCanceled, OrderDecremented, PreventedMatch, PreventedMatchList
from protocol.units import DEFAULT_ACCOUNT, SelfTradePrevention
from tests.tape import BUY, SELL, cancel, limit, time_of
from tests.unit.engine.prevention_modes import BOTH, DECREMENT, NEWEST, OLDEST, SELF_TRADE
from tests.unit.matcher.teller import Teller


def number(sequence: int, place: int = 1) -> int:
    return (sequence << 20) + place


def listed(teller: Teller, account: str = DEFAULT_ACCOUNT, **fields: int | str) -> PreventedMatchList:
    return list_prevented_matches(teller.state.registry, PreventedMatchesQuery(account, **fields))  # type: ignore[arg-type]


def met(mode: SelfTradePrevention) -> Teller:
    """An order to buy 5 at 90 with the sequence 3 meets one to sell 2 at 88 with the sequence 4."""
    teller = Teller()
    teller.do(limit(BUY, 5, 90))
    teller.do(limit(SELL, 2, 88, self_trade_prevention=mode))
    return teller


def match(mode: SelfTradePrevention, taker: int, maker: int) -> PreventedMatch:
    return PreventedMatch(number(4), "COIN-USD", 2, 1, mode, 90, taker, maker, 4, time_of(4))


@pytest.mark.parametrize(("mode", "taker", "maker"), [(NEWEST, 2, 0), (OLDEST, 0, 5), (BOTH, 2, 5), (DECREMENT, 2, 2)])
def test_a_match_tells_what_each_side_lost(mode: SelfTradePrevention, taker: int, maker: int) -> None:
    teller = met(mode)
    assert listed(teller) == PreventedMatchList([match(mode, taker, maker)])
    for order_id, lost in ((1, maker), (2, taker)):
        state = teller.state.registry.orders[order_id]
        extra = state.extra
        assert (0 if extra is None else extra.prevented_match) == (number(4) if lost else 0)


def test_the_matches_of_one_command_are_numbered() -> None:
    teller = Teller()
    for price in (90, 89, 88):
        teller.do(limit(BUY, 1, price))
    teller.do(limit(SELL, 9, 88, self_trade_prevention=OLDEST))
    teller.do(limit(BUY, 1, 88, self_trade_prevention=NEWEST))
    assert [(each.prevented_match_id, each.maker_order_id) for each in listed(teller).matches] == [
        (number(6, 1), 1),
        (number(6, 2), 2),
        (number(6, 3), 3),
        (number(7, 1), 4),
    ]


def test_events_of_orders_with_open_only_ids_name_their_match() -> None:
    teller = Teller()
    teller.watch(DEFAULT_ACCOUNT)
    teller.do(limit(BUY, 5, 90, client_order_id="a", open_only=True))
    teller.do(limit(SELL, 2, 88, client_order_id="b", open_only=True, self_trade_prevention=DECREMENT))
    [update] = teller.updates
    assert [change.event for change in update.changes][1:] == [
        OrderDecremented(1, 2, 2, 90, number(5)),
        OrderCanceled(2, 0, SELF_TRADE, None, 1, 90, 2, number(5)),
    ]
    assert [state.prevented_match_id for state in update.orders] == [number(5)] * 2


def test_the_list_is_of_one_account_and_is_filtered_and_paged() -> None:
    teller = Teller()
    for account in ("ann", "bob"):
        teller.do(limit(BUY, 9, 90, account=account))
    for _ in range(3):
        teller.do(limit(SELL, 1, 90, account="ann", self_trade_prevention=NEWEST))
    every = listed(teller, "ann")
    assert [each.taker_order_id for each in every.matches] == [3, 4, 5]
    assert every.next is None
    first = listed(teller, "ann", limit=2)
    assert ([each.taker_order_id for each in first.matches], first.next) == ([3, 4], number(6))
    assert listed(teller, "ann", after=number(6)).matches == every.matches[2:]
    assert listed(teller, "ann", order_id=4).matches == every.matches[1:2]
    assert listed(teller, "ann", order_id=1).matches == every.matches
    assert listed(teller, "ann", symbol="GOLD-USD").matches == []
    assert listed(teller, "bob").matches == listed(teller, "nobody").matches == []


def test_a_snapshot_brings_them_back() -> None:
    teller = met(BOTH)
    teller.do(cancel(1))
    again = teller.from_snapshot()
    assert listed(again) == listed(teller) != PreventedMatchList([])
    shown = [each.state.registry.find(OrderQuery(2)) for each in (teller, again)]
    assert [order.extra.prevented_match for order in shown if order is not None and order.extra is not None] == [
        number(4)
    ] * 2
    again.do(limit(BUY, 5, 90))
    again.do(limit(SELL, 2, 88, self_trade_prevention=NEWEST))
    assert [each.prevented_match_id for each in listed(again).matches] == [number(4), number(7)]


def numbered(sequence: int) -> PreventedMatch:
    return replace(match(NEWEST, 1, 1), prevented_match_id=number(sequence))


def sequences(matches: list[PreventedMatch]) -> list[int]:
    return [each.prevented_match_id >> 20 for each in matches]


def test_the_oldest_of_an_account_are_forgotten_above_the_bound() -> None:
    matches = PreventedMatches()
    for sequence in range(1, MAX_OF_ACCOUNT + 2):
        matches.add("ann", numbered(sequence))
    assert sequences(matches.of("ann")) == list(range(2, MAX_OF_ACCOUNT + 2))
    assert len(matches) == MAX_OF_ACCOUNT


def test_the_oldest_of_all_accounts_are_forgotten_above_their_bound() -> None:
    matches = PreventedMatches()
    count = MAX_PREVENTED_MATCHES + 2
    for sequence in range(1, count + 1):
        matches.add(f"account-{sequence}", numbered(sequence))
    assert len(matches) == MAX_PREVENTED_MATCHES
    assert [account for account, _ in matches.known()] == [f"account-{each}" for each in range(3, count + 1)]
    assert matches.of("account-2") == []


def test_after_a_snapshot_the_same_ones_are_forgotten() -> None:
    """Its parts are of one account each, whose matches came by turns."""
    teller = Teller()
    accounts = [f"account-{number}" for number in range(200)]
    for sequence in range(1, MAX_PREVENTED_MATCHES + 1):
        teller.state.registry.running.prevented.add(accounts[sequence * 7 % 200], numbered(sequence))
    both = [each.state.registry.running.prevented for each in (teller, teller.from_snapshot())]
    assert both[0].next_id(0) == both[1].next_id(0)
    for matches in both:
        for sequence in range(301):
            matches.add("newest", numbered(MAX_PREVENTED_MATCHES + 1 + sequence))
    whole, again = (dict(matches.known()) for matches in both)
    assert whole == again
    assert min(sequences(known)[0] for known in again.values()) == 302
