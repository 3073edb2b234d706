"""LoadBook: makes a saved book the symbol's book again, its orders with their ids and their places.

What happened since the save is not undone. An order that is done stays done and is skipped. Fills stay. Ids and trade
numbers never go back. Live orders that the saved book does not hold are canceled. Everything is checked before anything
changes.
"""

from matcher.core.book import Book
from matcher.core.client_ids import bear_open_only, has_open_only_id
from matcher.core.loaded_locks import check_locks
from matcher.core.new_order_ids import with_new_order_ids
from matcher.core.order import Extra, Order
from matcher.core.price_window import window_of
from matcher.core.protection import count_entered
from matcher.core.registry import Registry
from matcher.core.restoring import put_back
from matcher.core.saved_book_reader import SavedBookError, read_saved_book
from protocol.commands import LoadBook
from protocol.events import BookLoaded, CommandRefused, Event
from protocol.saved_book import SavedBook
from protocol.units import Reason, Refusal


def load_book(registry: Registry, command: LoadBook) -> list[Event]:
    """Make the saved book the symbol's book again, or refuse it and change nothing."""
    book = registry.books.get(command.symbol)
    if book is None:
        return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
    if command.contents is None:
        return [CommandRefused(Refusal.NO_SAVED_BOOK)]
    contents = command.contents
    return _restore(registry, book, with_new_order_ids(registry, contents) if command.new_order_ids else contents)


def _restore(registry: Registry, book: Book, contents: SavedBook) -> list[Event]:
    loaded: list[tuple[Order, Order]] = []
    skipped: list[int] = []
    try:
        saved_orders, last_price = read_saved_book(registry, book, contents)
        _check_accounts(registry, saved_orders)
        for saved in saved_orders:
            order = _merge(registry, saved)
            if order is None:
                skipped.append(saved.order_id)
            else:
                loaded.append((saved, order))
        check_locks(registry, book, loaded)
    except SavedBookError as error:
        return [CommandRefused(Refusal.INVALID_SAVED_BOOK, error.field, str(error))]

    events: list[Event] = []
    restored = [order for _, order in loaded]
    kept = {order.order_id for order in restored}
    live = sorted(book.live_orders(), key=lambda order: order.order_id)
    for order in live:
        _part(order)
        if order.order_id in kept:
            book.unlink(order)
    for order in live:
        if order.order_id not in kept:
            book.cancel(order, Reason.BOOK_REPLACED, events)
    book.set_last_price(last_price)
    book.window = window_of(book.instrument)
    new: dict[str, list[Order]] = {}
    for saved, order in loaded:
        _enter(registry, book, saved, order)
        if order is saved:
            count_entered(book, order)
            new.setdefault(order.account.name, []).append(order)
    _pair(restored)
    registry.running.resized += restored
    for name, orders in new.items():
        registry.accounts[name].orders.insert(orders)
    book.orders.insert([order for orders in new.values() for order in orders])
    book.last_trade_id = max(book.last_trade_id, contents.last_trade_id)
    events.append(BookLoaded(contents.symbol, len(restored), sorted(skipped)))
    return events


def _merge(registry: Registry, saved: Order) -> Order | None:
    """The order to put in the book: the saved one, or the live one of its id. None if it is done since the save."""
    known = registry.orders.get(saved.order_id)
    if known is None:
        return saved if saved.order_id > registry.last_order_id else None
    if known.level is None or saved.quantity <= known.quantity - known.remaining:
        return None
    return known


def _part(order: Order) -> None:
    """Undo the bond of an OCO: the file says which legs belong together."""
    if order.extra is not None and order.extra.partner is not None:
        assert order.extra.partner.extra is not None, "a leg has its partner there"
        order.extra.partner.extra.partner = None
        order.extra.partner = None


def _pair(orders: list[Order]) -> None:
    """Bind the two legs of each OCO, if both are restored."""
    first: dict[int, Order] = {}
    for order in orders:
        extra = order.extra
        if extra is None or extra.oco_id is None:
            continue
        partner = first.setdefault(extra.oco_id, order)
        if partner is not order:
            assert partner.extra is not None, "it has an oco_id"
            extra.partner, partner.extra.partner = partner, order


def _enter(registry: Registry, book: Book, saved: Order, order: Order) -> None:
    """Put the order back as it was saved, and take off the fills that it has had since."""
    if order is saved:
        open_only = has_open_only_id(order)
        order.account = account = registry.accounts.setdefault(order.account.name, order.account)
        registry.orders.add(order)
        registry.last_order_id = max(registry.last_order_id, order.order_id)
        if open_only:
            bear_open_only(order)
        elif order.client_order_id is not None:
            account.client_orders.put(order.client_order_id, order)
        registry.count_leg(order)
    else:
        if order.terms.expire_time:
            registry.expiries.discard(order.terms.expire_time, order.order_id)
        taken = order.quantity - order.remaining
        prevented, match = (0, 0) if order.extra is None else (order.extra.prevented, order.extra.prevented_match)
        order.quantity = saved.quantity
        order.remaining = saved.quantity - taken
        order.price = saved.price
        order.trigger_price = saved.trigger_price
        order.status = saved.status
        order.fired = saved.fired
        order.extra = saved.extra
        if order.extra is not None:
            order.extra.prevented = prevented
            order.extra.prevented_match = match
            order.extra.shown = min(order.extra.shown, order.remaining)
        elif prevented:
            order.extra = Extra(prevented=prevented, prevented_match=match)
    book.touch(order)
    put_back(registry, order)


def _check_accounts(registry: Registry, orders: list[Order]) -> None:
    """Check that the number of accounts, with those of the file, stays within the limit."""
    new = {order.account.name for order in orders} - registry.accounts.keys()
    if new and len(registry.accounts) + len(new) > registry.limits.accounts:
        raise SavedBookError("account", f"{min(new)}: the exchange takes at most {registry.limits.accounts} accounts")
