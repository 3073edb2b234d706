"""Orders with terms that wait, and OCOs, over saved books and snapshots: what is brought back is what was there."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from matcher.core.digest import digest
from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.codec import encode
from protocol.commands import LoadBook, OwnCommand, SetInstrument
from protocol.events import BookLoaded, CommandRefused, Event
from protocol.saved_book import SavedBook, SavedOrder
from protocol.units import Refusal, TimeInForce
from tests.tape import (
    BUY,
    COIN,
    SELL,
    amend,
    cancel,
    limit,
    market,
    oco,
    refused,
    stop_limit,
    stop_market,
    take_profit_limit,
    trailing_stop_limit,
)

ORDERS: tuple[OwnCommand, ...] = (
    limit(SELL, 1, 100),
    market(BUY, 1),
    stop_limit(BUY, 5, 105, at=102, reject_if_triggered=True, time_in_force=TimeInForce.IOC, tag="grid-7"),
    take_profit_limit(BUY, 9, 90, at=90, display_quantity=4),
    stop_limit(BUY, 9, 110, at=109, display_quantity=8),
    amend(5, quantity=3),
    amend(5, quantity=9),
    trailing_stop_limit(SELL, 5, 80, trailing_amount=5, tag="t"),
    oco(SELL, 5, 115, at=85, stop_price=84, cancel_on_first_fill=True, list_client_order_id="pair", stop_tag="down"),
    oco(SELL, 5, 104, at=86, take_profit=114, time_in_force=TimeInForce.FOK, client_order_id="one"),
    limit(SELL, 1, 101),
    market(BUY, 1),
)
"""Orders 7 and 8 are one pair, 9 and 10 the other."""

PAIRS = oco(SELL, 5, 115, at=85, list_client_order_id="pair")


class Player:
    def __init__(self, *commands: OwnCommand) -> None:
        self.state = State(Engine())
        self.time = 0
        self.play(SetInstrument.of(COIN), *commands)

    def play(self, *commands: OwnCommand) -> list[Event]:
        for command in commands:
            self.time += 1
            _, caused = self.state.apply(OWN_SESSION, 0, [command], self.time)
        return caused[-1].events

    @property
    def digest(self) -> str:
        return digest(self.state.registry)

    def save(self) -> SavedBook:
        return save_book(self.state.registry.books[COIN.symbol], self.time)


def test_a_snapshot_brings_all_of_it_back(tmp_path: Path) -> None:
    player = Player(*ORDERS)
    _, again = read_snapshot(write_snapshot(tmp_path, player.state, "journal", 1))
    assert digest(again.registry) == player.digest
    assert again.registry.pairs == player.state.registry.pairs == {("default", "pair"): 2}


def test_a_saved_book_brings_all_of_it_back() -> None:
    player = Player(*ORDERS)
    before, saved = player.digest, player.save()
    assert [(order.order_id, order.tag) for order in saved.pending if order.tag] == [
        ("3", "grid-7"),
        ("8", "down"),
        ("6", "t"),
    ]
    player.play(LoadBook(COIN.symbol, saved))
    assert player.digest == before
    assert encode(player.save()) == encode(replace(saved, sequence=player.time))


def test_another_exchange_takes_the_book_with_its_pairs() -> None:
    other = Player()
    assert isinstance(other.play(LoadBook(COIN.symbol, Player(*ORDERS).save()))[-1], BookLoaded)
    assert other.play(PAIRS) == [refused(Refusal.LIST_CLIENT_ORDER_ID_IN_USE)]
    other.play(cancel(7))
    assert len(other.play(PAIRS)) == 2


def test_a_pair_that_the_book_does_not_hold_frees_its_name() -> None:
    player = Player(*ORDERS[:2])
    saved = player.save()
    player.play(PAIRS)
    player.play(LoadBook(COIN.symbol, saved))
    assert player.state.registry.pairs == {}


def test_plain_orders_are_saved_without_the_new_fields() -> None:
    saved = Player(limit(SELL, 1, 100), market(BUY, 1), limit(SELL, 5, 110), stop_market(SELL, 5, at=90)).save()
    new = (b"reject_if", b"time_in_force", b"tag", b"working_since", b"first_fill", b"list_client")
    assert not any(name in encode(saved) for name in new)


def altered(saved: SavedBook, order_id: str, **fields: object) -> SavedBook:
    def alter(orders: list[SavedOrder]) -> list[SavedOrder]:
        return [replace(order, **fields) if order.order_id == order_id else order for order in orders]

    return replace(saved, asks=alter(saved.asks), pending=alter(saved.pending))


@pytest.mark.parametrize(
    ("order_id", "fields", "at_fault"),
    [
        ("3", {"tag": "a b"}, "tag"),
        ("3", {"time_in_force": "day"}, "time_in_force"),
        ("3", {"post_only": True}, "pending[0]"),
        ("3", {"working_since": 5}, "working_since"),
        ("3", {"cancel_on_first_fill": True}, "cancel_on_first_fill"),
        ("3", {"list_client_order_id": "a b"}, "list_client_order_id"),
        ("8", {"cancel_on_first_fill": False}, "oco_id"),
        ("7", {"list_client_order_id": "other"}, "oco_id"),
        ("9", {"trigger_price": "0.85"}, "oco_id"),
        ("9", {"order_type": "stop_limit"}, "oco_id"),
    ],
)
def test_a_book_that_cannot_be_is_refused(order_id: str, fields: dict[str, object], at_fault: str) -> None:
    saved, other = Player(*ORDERS).save(), Player()
    before = other.digest
    [event] = other.play(LoadBook(COIN.symbol, altered(saved, order_id, **fields)))
    assert isinstance(event, CommandRefused)
    assert (event.refusal, at_fault in event.field) == (Refusal.INVALID_SAVED_BOOK, True), event
    assert other.digest == before


def test_the_name_of_a_pair_never_changes() -> None:
    player = Player(*ORDERS)
    [event] = player.play(LoadBook(COIN.symbol, altered(player.save(), "3", list_client_order_id="pair")))
    assert isinstance(event, CommandRefused)
    assert event.field == "pending[0].order_id"
