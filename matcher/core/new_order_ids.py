"""Gives the orders of a saved book new ids, so that a book may be loaded again after its orders are done."""

from msgspec.structs import replace

from matcher.core.registry import Registry
from protocol.saved_book import SavedBook, SavedOrder


def with_new_order_ids(registry: Registry, contents: SavedBook) -> SavedBook:
    """The same book as if its orders were entered now, by the command that runs. They have no client_order_ids: the old
    ones may bear them still. Ids go up with the saved sequences."""
    saved = [*contents.bids, *contents.asks, *contents.pending]
    by_age = sorted(range(len(saved)), key=lambda place: saved[place].sequence)
    new = list(saved)
    pairs: dict[str, str] = {}
    for number, place in enumerate(by_age, registry.last_order_id + 1):
        new[place] = _entered_now(registry, saved[place], str(number), pairs)
    bids, asks = len(contents.bids), len(contents.asks)
    return replace(contents, bids=new[:bids], asks=new[bids : bids + asks], pending=new[bids + asks :])


def _entered_now(registry: Registry, saved: SavedOrder, order_id: str, pairs: dict[str, str]) -> SavedOrder:
    """`pairs` are the new oco_ids by the saved ones: each is the order_id of the pair's first leg."""
    running = registry.running
    return replace(
        saved,
        order_id=order_id,
        sequence=running.sequence,
        timestamp=running.time,
        client_order_id=None,
        open_only_client_order_id=False,
        oco_id=None if saved.oco_id is None else pairs.setdefault(saved.oco_id, order_id),
        working_since=running.time if saved.working_since else 0,
        list_client_order_id=None,
    )
