"""Orders of the caller: one by its ids, those that live, and those of all times."""

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Final

from gateway.binance.desk import Context
from gateway.binance.errors import TOO_MANY_REQUESTS, DialectError, Fault
from gateway.binance.parameters import Values
from gateway.binance.views.orders import was_entered
from gateway.binance.words import ONLY_STATUS_OF
from gateway.exchange.account_history import AccountHistory
from gateway.link.errors import RefusedError
from protocol.commands import CancelOrder, OrderQuery, OrdersQuery
from protocol.events import OrderState
from protocol.instrument import Instrument
from protocol.units import MAX_INTEGER, NAME_PATTERN, Refusal

PAGE: Final = 1_000
"""Orders that are read at a time."""

PAGES: Final = 100
"""Pages of done orders that one call reads at most."""

LONG_AGO: Final = 0

NOBODYS: Final = MAX_INTEGER
"""No order bears this id. A call that names what nobody has fails in the matcher, as any other one."""

IDS: Final = ("orderId", "origClientOrderId")
"""The parameters that name an order."""


async def find_order(
    context: Context,
    values: Values,
    fault: Fault,
    names: tuple[str, str] = IDS,
) -> OrderState:
    """The order that the parameters name, found by its order_id where both are there. DialectError with the fault
    where there is none, or it is of another symbol, or bears another client id."""
    number, name = names
    order_id, client_id = values.number(number), values.text(name)
    instrument = values.optional_instrument()
    state = await order_of(context, order_id, None if order_id is not None else client_id, instrument)
    if (
        state is None
        or (instrument is not None and state.symbol != instrument.symbol)
        or (client_id is not None and state.client_order_id != client_id)
    ):
        raise DialectError(fault)
    return state


def cancel_of(
    context: Context, values: Values, cancel_client_order_id: str, names: tuple[str, str] = IDS
) -> CancelOrder:
    """Cancels the order that the parameters name, as `find_order` finds it. The matcher looks, so that nothing has to
    be waited for before the command is sent."""
    number, name = names
    order_id, client_id = values.number(number), values.text(name)
    can_be = order_id is None or 0 < order_id <= MAX_INTEGER
    if not can_be or (client_id is not None and not NAME_PATTERN.fullmatch(client_id)):
        order_id, client_id = NOBODYS, None
    restriction = values.text("cancelRestrictions")
    return CancelOrder(
        order_id,
        context.account,
        client_id,
        None if restriction is None else ONLY_STATUS_OF[restriction],
        cancel_client_order_id,
        values.instrument().symbol,
    )


async def order_of(
    context: Context, order_id: int | None, client_id: str | None = None, instrument: Instrument | None = None
) -> OrderState | None:
    """An order of the caller by one of its ids. None where there is none, or it was rejected at entry. With the
    instrument, only the matcher that owns it is asked."""
    if order_id is not None and not 0 < order_id <= MAX_INTEGER:
        return None
    exchange = context.exchange if instrument is None else context.exchange.of(instrument.symbol)
    try:
        state = await exchange.history.accounts.look_up(OrderQuery(order_id, context.account, client_id))
    except RefusedError as error:
        if error.refusal in (Refusal.UNKNOWN_ORDER, Refusal.INVALID_NAME):
            return None
        raise
    return state if was_entered(state) else None


async def live_orders(context: Context, instrument: Instrument | None) -> list[OrderState]:
    """All that live, by order_id."""
    symbol = None if instrument is None else instrument.symbol

    async def live(history: AccountHistory) -> list[OrderState]:
        return await _live_of(history, context.account, symbol)

    return sorted(chain(*await _of_shards(context, symbol, live)), key=by_id)


async def all_orders(
    context: Context,
    instrument: Instrument | None,
    wanted: Callable[[OrderState], bool],
    limit: int,
    since: int | None = None,
    most_pages: int = PAGES,
) -> list[OrderState]:
    """Live and done orders that are wanted, by order_id: the newest `limit`, or all where `since` is given.

    since: no wanted order was placed before this time.

    DialectError where too many orders would have to be read; with fewer `most_pages`, what was found so far. Over
    several shards they come by their times.
    """
    symbol = None if instrument is None else instrument.symbol

    async def found(history: AccountHistory) -> list[OrderState]:
        return await _all_of(history, context.account, symbol, wanted, limit, since, most_pages)

    each = await _of_shards(context, symbol, found)
    if len(each) == 1:
        return each[0]
    joined = sorted(chain(*each), key=lambda state: (state.timestamp, state.order_id))
    return joined if since is not None else joined[-limit:]


async def _of_shards(
    context: Context, symbol: str | None, call: Callable[[AccountHistory], Awaitable[list[OrderState]]]
) -> list[list[OrderState]]:
    """What each shard tells that may have orders of the symbol."""
    if symbol is None and context.exchange.parts:
        return await context.exchange.over_shards.of_each_shard(call)
    return [await call(context.exchange.history.accounts)]


async def _live_of(history: AccountHistory, account: str, symbol: str | None) -> list[OrderState]:
    found: list[OrderState] = []
    after = 0
    while True:
        page = await history.orders(OrdersQuery(symbol, account, limit=PAGE, after=after))
        found += page.orders
        if page.next is None:
            return found
        after = page.next


async def _all_of(
    history: AccountHistory,
    account: str,
    symbol: str | None,
    wanted: Callable[[OrderState], bool],
    limit: int,
    since: int | None,
    most_pages: int,
) -> list[OrderState]:
    """As `all_orders`, of one matcher.

    Done orders come by their ends, newest first. No order was placed after its end: behind the end of a page, all
    were placed before.
    """
    found = {state.order_id: state for state in await _live_of(history, account, symbol) if wanted(state)}
    after = 0
    for _ in range(most_pages):
        page = await history.orders(OrdersQuery(symbol, account, done=True, limit=PAGE, after=after))
        for state in page.orders:
            if was_entered(state) and wanted(state):
                found[state.order_id] = state
        newest = sorted(found.values(), key=by_id)
        if since is None:
            newest = newest[-limit:]
        if page.next is None:
            return newest
        floor = since
        if floor is None:
            floor = newest[0].timestamp if len(newest) == limit else LONG_AGO
        if page.orders and page.orders[-1].updated < floor:
            return newest
        after = page.next
    if most_pages < PAGES:
        return newest
    raise DialectError(TOO_MANY_REQUESTS, f"Name a younger range: a call reads {PAGES * PAGE} orders at most.")


def by_id(state: OrderState) -> int:
    return state.order_id
