"""The streams of a book: a snapshot, then every update, and a new snapshot where one cannot be had."""

from collections.abc import Iterator
from typing import Any

import pytest

from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified
from protocol.book_feeds import PART_ENTRIES, parts_of
from protocol.commands import BookUpdatesQuery
from tests.unit.gateway.book_matcher import BOOK, BOOK_PATH, CHECKSUM, ORDERS, ORDERS_PATH, SYMBOL, Matcher, begun, kind
from tests.unit.gateway.fakes import TIMESTAMP_TEXT, Gateway, eventually, settle
from tests.unit.gateway.streams import StreamClient


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def matcher(gateway: Gateway) -> Matcher:
    return Matcher(gateway)


def test_a_book_is_told_with_its_units_and_then_each_change(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[Any]:
        client = await begun(matcher, [(600_000, 150_000), (599_950, 1)], [(600_010, 100_000)])
        matcher.update([(600_000, 0)], [(600_010, 20_000)])
        return [await client.read(), await client.read()]

    snapshot, update = gateway.run(scenario())
    assert snapshot == {
        "type": "snapshot",
        "timestamp": TIMESTAMP_TEXT,
        "symbol": SYMBOL,
        "sequence": 101,
        "number": 1,
        "part": 1,
        "parts": 1,
        "price_decimals": 2,
        "quantity_decimals": 5,
        "bids": [["6000", "1.5"], ["5999.5", "0.00001"]],
        "asks": [["6000.1", "1"]],
        "checksum": CHECKSUM,
    }
    assert update == {
        "type": "update",
        "timestamp": TIMESTAMP_TEXT,
        "symbol": SYMBOL,
        "sequence": 102,
        "first": 2,
        "last": 2,
        "bids": [["6000", "0"]],
        "asks": [["6000.1", "0.2"]],
        "checksum": CHECKSUM + 2,
    }


def test_orders_are_told_in_their_queues_and_then_each_change(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[Any]:
        client = StreamClient(gateway, ORDERS_PATH)
        await eventually(lambda: gateway.feed.subscribed(ORDERS))
        matcher.orders_snapshot([(7, 600_000, 100_000), (3, 600_000, 200_000)], [(4, 600_010, 5)])
        await client.accepted()
        matcher.change(
            OrderAdded(9, "buy", 600_000, 100_000),
            OrderModified(7, "buy", 600_000, 50_000, loses_priority=True),
            OrderExecuted(3, "buy", 600_000, 50_000, 150_000, 88),
            OrderExecuted(3, "buy", 600_000, 150_000, 0, 89),
            OrderModified(9, "buy", 600_000, 90_000, loses_priority=False),
            OrderDeleted(4, "sell", 600_010, 5),
        )
        later = await StreamClient(gateway, ORDERS_PATH).accepted()
        return [await client.read(), await client.read(), await later.read()]

    snapshot, update, late = gateway.run(scenario())
    assert snapshot["bids"] == [["7", "6000", "1"], ["3", "6000", "2"]]
    assert snapshot["asks"] == [["4", "6000.1", "0.00005"]]
    assert (snapshot["number"], snapshot["part"], snapshot["parts"]) == (1, 1, 1)
    assert kind(update) == ("update", 2, 2)
    assert update["changes"] == [
        {"type": "add", "order_id": "9", "side": "buy", "price": "6000", "quantity": "1"},
        {
            "type": "modify",
            "order_id": "7",
            "side": "buy",
            "price": "6000",
            "quantity": "0.5",
            "loses_priority": True,
        },
        {
            "type": "execute",
            "order_id": "3",
            "side": "buy",
            "price": "6000",
            "quantity": "0.5",
            "remaining": "1.5",
            "trade_id": "88",
        },
        {
            "type": "execute",
            "order_id": "3",
            "side": "buy",
            "price": "6000",
            "quantity": "1.5",
            "remaining": "0",
            "trade_id": "89",
        },
        {
            "type": "modify",
            "order_id": "9",
            "side": "buy",
            "price": "6000",
            "quantity": "0.9",
            "loses_priority": False,
        },
        {"type": "delete", "order_id": "4", "side": "sell", "price": "6000.1", "quantity": "0.00005"},
    ]
    # The channel's own book, with 7 behind 9.
    assert (late["bids"], late["asks"]) == ([["9", "6000", "0.9"], ["7", "6000", "0.5"]], [])
    assert late["number"] == 2


def test_a_second_client_begins_with_the_channels_own_book(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[Any]:
        await begun(matcher, [(600_000, 150_000)], [])
        matcher.update([(599_000, 5)], [(700_000, 3)])
        second = await StreamClient(gateway, BOOK_PATH).accepted()
        matcher.update([(600_000, 0)], [])
        return [await second.read(), await second.read()]

    snapshot, update = gateway.run(scenario())
    assert (snapshot["bids"], snapshot["asks"]) == ([["6000", "1.5"], ["5990", "0.00005"]], [["7000", "0.00003"]])
    assert (kind(snapshot), kind(update)) == (("snapshot", 2, 2), ("update", 3, 3))
    assert snapshot["checksum"] == CHECKSUM + 2
    assert matcher.queries == []
    assert len(gateway.feed.handlers[BOOK]) == 1


def test_lost_updates_are_asked_for_and_told_in_order(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[Any]:
        client = await begun(matcher, [(600_000, 1)], [])
        matcher.update([(600_000, 2)], [])
        for quantity in (3, 4):
            matcher.update([(600_000, quantity)], [], published=False)
        matcher.update([(600_000, 5)], [])
        matcher.update([(600_000, 6)], [])
        return [await client.read() for _ in range(6)]

    messages = gateway.run(scenario())
    assert [kind(message) for message in messages] == [
        ("snapshot", 1, 1),
        *[("update", number, number) for number in range(2, 7)],
    ]
    assert [message["bids"][0][1] for message in messages] == [f"0.0000{digit}" for digit in range(1, 7)]
    assert matcher.queries == [BookUpdatesQuery(SYMBOL, orders=False, epoch=1, after=2)]


def test_the_last_update_before_a_silence_is_not_lost(
    gateway: Gateway, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.channels.CHECK_SECONDS", 0.01)

    async def scenario() -> list[Any]:
        client = await begun(matcher, [(600_000, 1)], [])
        matcher.update([(600_000, 2)], [], published=False)
        return [await client.read(), await client.read()]

    assert [kind(message) for message in gateway.run(scenario())] == [("snapshot", 1, 1), ("update", 2, 2)]


def test_where_the_matcher_keeps_no_more_all_clients_begin_anew(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[list[Any]]:
        clients = [await begun(matcher, [(600_000, 1)], []), await StreamClient(gateway, BOOK_PATH).accepted()]
        matcher.complete = False
        for quantity in (2, 3, 4):
            matcher.update([(600_000, quantity)], [], published=quantity == 4)
        await eventually(lambda: bool(matcher.queries))
        await settle()
        # What comes before the snapshot waits for it.
        matcher.update([(600_000, 5)], [])
        matcher.number -= 1
        matcher.snapshot([(600_000, 4)], [])
        matcher.number += 1
        matcher.update([(600_000, 6)], [])
        return [[await client.read() for _ in range(4)] for client in clients]

    for messages in gateway.run(scenario()):
        assert [kind(message) for message in messages] == [
            ("snapshot", 1, 1),
            ("snapshot", 4, 4),
            ("update", 5, 5),
            ("update", 6, 6),
        ]


def test_after_a_restart_of_the_matcher_clients_begin_anew(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[Any]:
        client = await begun(matcher, [(600_000, 1)], [])
        matcher.update([(600_000, 2)], [])
        before = [await client.read(), await client.read()]
        matcher.epoch, matcher.number = 2, 1
        matcher.snapshot([(500_000, 1)], [])
        matcher.update([(500_000, 2)], [])
        # It comes late, from the matcher before.
        matcher.epoch, matcher.number = 1, 2
        matcher.update([(600_000, 9)], [])
        matcher.epoch, matcher.number = 2, 2
        matcher.update([(500_000, 3)], [])
        return before + [await client.read() for _ in range(3)]

    messages = gateway.run(scenario())
    assert [kind(message) for message in messages] == [
        ("snapshot", 1, 1),
        ("update", 2, 2),
        ("snapshot", 1, 1),
        ("update", 2, 2),
        ("update", 3, 3),
    ]
    assert messages[2]["bids"] == [["5000", "0.00001"]]


def test_snapshots_that_others_asked_for_are_passed_over(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[Any]:
        client = await begun(matcher, [(600_000, 1)], [])
        matcher.snapshot([(600_000, 1)], [])
        matcher.update([(600_000, 2)], [])
        return [await client.read(), await client.read()]

    assert [kind(message) for message in gateway.run(scenario())] == [("snapshot", 1, 1), ("update", 2, 2)]


def test_a_large_book_comes_in_parts(gateway: Gateway, matcher: Matcher) -> None:
    bids = [(600_000 - place, 1) for place in range(PART_ENTRIES)]
    asks = [(700_000 + place, 1) for place in range(PART_ENTRIES + 1)]

    async def scenario() -> list[Any]:
        client = await begun(matcher, bids, asks)
        matcher.update([(600_000, 2)], [])
        return [await client.read() for _ in range(4)]

    *parts, update = gateway.run(scenario())
    assert [(part["part"], part["parts"], len(part["bids"]), len(part["asks"])) for part in parts] == [
        (1, 3, PART_ENTRIES, 0),
        (2, 3, 0, PART_ENTRIES),
        (3, 3, 0, 1),
    ]
    # A part is made when it is sent, of the book as of its number.
    assert parts[0]["bids"][0] == ["6000", "0.00001"]
    assert kind(update) == ("update", 2, 2)


def test_a_snapshot_with_a_lost_part_is_not_taken(gateway: Gateway, matcher: Matcher) -> None:
    bids = [(600_000 - place, 1) for place in range(2 * PART_ENTRIES + 1)]
    first, second, third = [sides[0] for sides in parts_of(bids, [])]

    async def scenario() -> tuple[int, Any]:
        client = StreamClient(gateway, BOOK_PATH)
        await eventually(lambda: gateway.feed.subscribed(BOOK))
        for part, levels in ((1, first), (3, third)):
            matcher.publish(BOOK, matcher.part(part, 3, levels, []))
        await settle()
        waiting = client.waiting()
        for part, levels in ((1, first), (2, second), (3, third)):
            matcher.publish(BOOK, matcher.part(part, 3, levels, []))
        return waiting, await (await client.accepted()).read()

    waiting, snapshot = gateway.run(scenario())
    assert waiting == 0
    assert (snapshot["part"], snapshot["parts"]) == (1, 3)
