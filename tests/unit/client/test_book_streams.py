"""The books that streams keep: every message verified, and begun anew where one does not join on."""

import json
import zlib
from decimal import Decimal
from typing import Any

import pytest

from matching_exchange import Book, BookUpdate, Level, QueueSnapshot, QueueUpdate
from matching_exchange.client.streams.books import BookMachine, QueueMachine
from matching_exchange.client.streams.machine import StreamBrokenError

STAMP = {"timestamp": "2026-11-22T12:00:00.000Z", "symbol": "BTC-USDT", "sequence": 9}
WORKED_EXAMPLE = 1634165974
"""docs/market-data.md: asks 6001 x 1200 and 6002 x 5, bids 5999 x 30 and 5998 x 7."""


def snapshot(number: int, part: int = 1, parts: int = 1, **sides: Any) -> bytes:
    levels = {"bids": [["59.99", "0.03"], ["59.98", "0.007"]], "asks": [["60.01", "1.2"], ["60.02", "0.005"]]}
    message = {
        "type": "snapshot",
        **STAMP,
        "number": number,
        "part": part,
        "parts": parts,
        "price_decimals": 2,
        "quantity_decimals": 3,
        **levels,
        "checksum": WORKED_EXAMPLE,
        **sides,
    }
    return json.dumps(message).encode()


def update(first: int, digits: str, bids: list[list[str]], asks: list[list[str]], last: int | None = None) -> bytes:
    message = {"type": "update", **STAMP, "first": first, "last": last or first, "bids": bids, "asks": asks}
    return json.dumps({**message, "checksum": zlib.crc32(digits.encode())}).encode()


@pytest.fixture
def machine() -> BookMachine:
    """With the book of the worked example, at number 4."""
    machine = BookMachine("BTC-USDT")
    machine.opened()
    machine.receive(snapshot(4))
    return machine


def only(machine: BookMachine) -> BookUpdate:
    (item,) = machine.items
    machine.items.clear()
    return item


def test_a_snapshot_is_the_book(machine: BookMachine) -> None:
    item = only(machine)
    assert item.snapshot
    assert item.book is machine.book
    assert machine.book.bids() == [Level(Decimal("59.99"), Decimal("0.03")), Level(Decimal("59.98"), Decimal("0.007"))]
    assert machine.book.best_ask == Level(Decimal("60.01"), Decimal("1.2"))
    assert machine.book.checksum() == WORKED_EXAMPLE
    assert machine.book.quantity_at("60.01") == Decimal("1.2")
    assert machine.book.quantity_at("60.011") == 0
    assert str(machine.book.bids(1)[0].price) == "59.99"


def test_updates_change_levels_add_them_and_take_them_out(machine: BookMachine) -> None:
    only(machine)
    bids, asks = [["60", "0.5"], ["59.98", "0"]], [["60.01", "1"]]
    machine.receive(update(5, "600110006002560005005999" + "30", bids, asks))
    item = only(machine)
    assert (item.snapshot, item.number, item.bids) == (
        False,
        5,
        (Level(Decimal(60), Decimal("0.5")), Level(Decimal("59.98"), Decimal(0))),
    )
    assert [level.price for level in machine.book.bids()] == [Decimal(60), Decimal("59.99")]
    assert machine.book.asks(1) == [Level(Decimal("60.01"), Decimal(1))]


def test_a_hole_in_the_numbers_breaks_the_stream(machine: BookMachine) -> None:
    with pytest.raises(StreamBrokenError, match="update 6 came after 4"):
        machine.receive(update(6, "", [], []))


def test_another_checksum_breaks_the_stream(machine: BookMachine) -> None:
    with pytest.raises(StreamBrokenError, match="checksum"):
        machine.receive(update(5, "wrong", [["60", "0.5"]], []))


def test_a_price_between_the_ticks_breaks_the_stream(machine: BookMachine) -> None:
    with pytest.raises(StreamBrokenError, match="more decimals"):
        machine.receive(update(5, "", [["60.001", "0.5"]], []))


def test_a_new_connection_begins_with_a_snapshot(machine: BookMachine) -> None:
    machine.opened()
    with pytest.raises(StreamBrokenError, match="before a whole snapshot"):
        machine.receive(update(5, "", [], []))


def test_a_snapshot_in_parts_counts_once_it_is_whole(machine: BookMachine) -> None:
    only(machine)
    machine.receive(snapshot(8, 1, 2, asks=[]))
    assert not machine.items
    machine.receive(snapshot(8, 2, 2, bids=[]))
    assert only(machine).snapshot
    assert machine.book.number == 8
    machine.receive(snapshot(9, 1, 3))
    with pytest.raises(StreamBrokenError, match="part 3 of a snapshot came, not part 2"):
        machine.receive(snapshot(9, 3, 3))


def test_an_empty_book() -> None:
    book = Book("BTC-USDT")
    assert book.checksum() == 0
    assert book.best_bid is None
    assert not book.bids()
    assert book.quantity_at(1) == 0


def test_the_queues_are_told_order_by_order() -> None:
    machine = QueueMachine("BTC-USDT")
    machine.opened()
    whole = {"type": "snapshot", **STAMP, "number": 3, "parts": 2}
    machine.receive(json.dumps({**whole, "part": 1, "bids": [["7", "59.99", "1"]], "asks": []}))
    machine.receive(json.dumps({**whole, "part": 2, "bids": [["8", "59.98", "1"]], "asks": [["9", "61", "2"]]}))
    order = {"order_id": "9", "side": "sell", "price": "61", "quantity": "2"}
    changes = [
        {"type": "execute", **order, "remaining": "0", "trade_id": "4"},
        {"type": "modify", **order, "loses_priority": True},
        {"type": "delete", **order},
        {"type": "add", **order},
    ]
    machine.receive(json.dumps({"type": "update", **STAMP, "first": 4, "last": 4, "changes": changes}))
    begun, changed = machine.items
    assert isinstance(begun, QueueSnapshot)
    assert [order.order_id for order in (*begun.bids, *begun.asks)] == [7, 8, 9]
    assert begun.asks[0].price == 61
    assert isinstance(changed, QueueUpdate)
    assert [type(change).__name__ for change in changed.changes] == ["Executed", "Modified", "Deleted", "Added"]
    with pytest.raises(StreamBrokenError):
        machine.receive(json.dumps({"type": "update", **STAMP, "first": 6, "last": 6, "changes": []}))
