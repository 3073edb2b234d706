"""LoadBook before the engine sees it: add the contents of its file, or replace the command by a refusal."""

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from matcher.core.limits import MAX_LOADED_ID, MAX_LOADED_ORDERS
from matcher.core.order import Order
from matcher.core.registry import Registry
from matcher.core.saved_book_reader import is_id
from matcher.storage.data_directory import BadSavedBookError, DataDirectory, NoSavedBookError, SavedBookTooLargeError
from protocol.commands import Command, LoadBook, RefuseCommand
from protocol.saved_book import SavedBook
from protocol.units import Refusal


def read_saved_book(registry: Registry, directory: DataDirectory, command: LoadBook) -> Command | None:
    """The command to carry out and to log; None if it stands as it is."""
    book = registry.books.get(command.symbol)
    if book is None:
        return None
    too_large = f"takes at most {MAX_LOADED_ORDERS} orders"
    if _more_than(book.orders.after(0), MAX_LOADED_ORDERS):
        return RefuseCommand(
            Refusal.SAVED_BOOK_TOO_LARGE, f"the book of {command.symbol} has more live orders: {too_large}"
        )
    if command.contents is not None:
        if not _fits(command.contents):
            return RefuseCommand(Refusal.SAVED_BOOK_TOO_LARGE, f"the given book has more orders: {too_large}")
        return _refuse_ids(command.contents)
    try:
        saved = directory.read_book(command.symbol)
    except NoSavedBookError as error:
        return RefuseCommand(Refusal.NO_SAVED_BOOK, str(error))
    except BadSavedBookError as error:
        return RefuseCommand(Refusal.INVALID_SAVED_BOOK, str(error))
    except SavedBookTooLargeError as error:
        return RefuseCommand(Refusal.SAVED_BOOK_TOO_LARGE, str(error))
    if not _fits(saved):
        return RefuseCommand(Refusal.SAVED_BOOK_TOO_LARGE, f"the file of {command.symbol} has more: {too_large}")
    return _refuse_ids(saved) or replace(command, contents=saved)


def _refuse_ids(saved: SavedBook) -> RefuseCommand | None:
    """A refusal where an id leaves no room for those that follow. Texts that are no ids are the engine's to refuse."""
    orders = (*saved.bids, *saved.asks, *saved.pending)
    ids = [int(order.order_id) for order in orders if is_id(order.order_id)]
    for field, most in (("order_id", max(ids, default=0)), ("last_trade_id", saved.last_trade_id)):
        if most > MAX_LOADED_ID:
            return RefuseCommand(Refusal.INVALID_SAVED_BOOK, f"{field} is {most}: takes at most {MAX_LOADED_ID}")
    return None


def _fits(saved: SavedBook) -> bool:
    return len(saved.bids) + len(saved.asks) + len(saved.pending) <= MAX_LOADED_ORDERS


def _more_than(orders: Iterable[Order], count: int) -> bool:
    """Whether there are more than `count`. Looks at no further ones."""
    return next(islice(orders, count, None), None) is not None
