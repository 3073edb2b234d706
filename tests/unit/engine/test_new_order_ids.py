"""A saved book that is loaded with new order_ids stands again, however often, and whatever became of its orders."""

from msgspec.structs import replace

from protocol.commands import LoadBook
from protocol.events import BookLoaded, CommandRefused, Trade
from protocol.saved_book import SavedBook, SavedOrder
from protocol.units import Refusal
from tests.tape import BUY, COIN, SELL, cancel, limit, market, oco, stop_limit
from tests.unit.engine.test_saved_terms import Player

QUEUE = (
    limit(SELL, 1, 100),
    market(BUY, 1),
    limit(SELL, 1, 100, client_order_id="first"),
    limit(SELL, 2, 100),
    limit(BUY, 3, 90, display_quantity=1),
    stop_limit(BUY, 5, 105, at=102),
    oco(SELL, 5, 115, at=85, stop_price=84, list_client_order_id="pair"),
)


def again(saved: SavedBook) -> LoadBook:
    return LoadBook(COIN.symbol, saved, new_order_ids=True)


def orders(saved: SavedBook) -> list[SavedOrder]:
    return [*saved.bids, *saved.asks, *saved.pending]


def test_orders_that_were_filled_since_stand_again_in_their_queue() -> None:
    player = Player(*QUEUE)
    saved = player.save()
    player.play(market(BUY, 3))
    [*_, loaded] = player.play(again(saved))
    assert loaded == BookLoaded(COIN.symbol, 6, [])
    restored = player.save()
    assert [[order.remaining_quantity for order in orders(book)] for book in (restored, saved)] == [
        [order.remaining_quantity for order in orders(saved)]
    ] * 2
    taken = [event for event in player.play(market(BUY, 1)) if isinstance(event, Trade)]
    assert [trade.maker_order_id for trade in taken] == [int(restored.asks[0].order_id)]


def test_each_load_gives_ids_that_nobody_has_had() -> None:
    player = Player(*QUEUE)
    saved = player.save()
    player.play(again(saved))
    first = {order.order_id for order in orders(player.save())}
    player.play(again(saved))
    second = {order.order_id for order in orders(player.save())}
    assert first == {"9", "10", "11", "12", "13", "14"}
    assert second == {"15", "16", "17", "18", "19", "20"}
    player.play(limit(BUY, 1, 80))
    assert player.state.registry.last_order_id == 21


def test_the_orders_count_as_entered_by_the_load() -> None:
    player = Player(*QUEUE)
    player.play(again(player.save()))
    assert {(order.sequence, order.timestamp) for order in orders(player.save())} == {(player.time, player.time)}
    assert all(order.client_order_id is None for order in orders(player.save()))


def test_both_legs_of_an_oco_are_bound_again() -> None:
    player = Player(*QUEUE)
    player.play(again(player.save()))
    legs = [order for order in orders(player.save()) if order.oco_id is not None]
    assert len(legs) == 2
    assert {leg.oco_id for leg in legs} == {min((leg.order_id for leg in legs), key=int)}
    player.play(cancel(int(legs[0].order_id)))
    assert [order for order in orders(player.save()) if order.oco_id is not None] == []


def test_a_fresh_exchange_takes_it_and_replays_to_the_same_state() -> None:
    saved = Player(*QUEUE).save()
    one, other = Player(again(saved), again(saved)), Player(again(saved), again(saved))
    assert one.digest == other.digest


def test_a_bad_book_is_refused_whole() -> None:
    player = Player(*QUEUE)
    saved, before = player.save(), player.digest
    crossed = replace(saved, bids=[replace(saved.bids[0], price="100")])
    [refused] = player.play(again(crossed))
    assert isinstance(refused, CommandRefused)
    assert (refused.refusal, refused.field) == (Refusal.INVALID_SAVED_BOOK, "bids")
    assert player.digest == before
