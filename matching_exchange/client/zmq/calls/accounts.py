"""Calls of whole accounts: their orders, fills and money, and what cancels all of them."""

from typing import Final

from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.times import Time
from matching_exchange.client.types.money import AccountSummary, Balances, MovementList
from matching_exchange.client.types.orders import (
    AmendmentList,
    CancelAfter,
    CanceledOrders,
    FillList,
    Order,
    OrderList,
    PreventedMatchList,
)
from matching_exchange.client.zmq import units
from matching_exchange.client.zmq.calls.commands import order_name
from matching_exchange.client.zmq.steps import Ask, Known, Send, Step, Told, expect
from matching_exchange.client.zmq.views import money
from matching_exchange.client.zmq.views import orders as views
from protocol.commands import (
    AccountQuery,
    AmendmentsQuery,
    BalancesQuery,
    CancelAllOrders,
    FillsQuery,
    MovementsQuery,
    OrderQuery,
    OrdersQuery,
    PreventedMatchesQuery,
)
from protocol.commands import (
    CancelAfter as CancelAfterCommand,
)
from protocol.events import (
    AccountState,
    FillPage,
    MovementPage,
    OrderPage,
    OrderState,
    OrderStates,
)
from protocol.events import (
    AccountSummary as Summary,
)
from protocol.events import (
    AmendmentList as Amendments,
)
from protocol.events import (
    Balances as BalanceList,
)
from protocol.events import (
    PreventedMatchList as PreventedMatches,
)
from protocol.units import MAX_CANCEL_AFTER, MIN_CANCEL_AFTER

LONGEST_PAGE: Final = 1_000
"""Elements of one page at most."""

MOST_TOLD: Final = 10_000
"""Canceled orders that one answer holds at most."""


def cancel_all(
    known: Known,
    *,
    symbol: str | None = None,
    account: str | None = None,
    cancel_client_order_id: str | None = None,
) -> Step[CanceledOrders]:
    """Cancel all orders of an account, of one symbol or of all. Answers with the canceled ones and their number.

    The matcher cancels up to 5,000 in one command; the client sends it again until none is left.
    """
    command = CancelAllOrders(account or known.account, symbol, cancel_client_order_id)
    states: list[OrderState] = []
    count = 0

    def read(told: Told) -> CanceledOrders | Step[CanceledOrders]:
        nonlocal count
        found = expect(told.value, OrderStates)
        count += len(found.orders)
        states.extend(found.orders[: MOST_TOLD - len(states)])
        if found.more:
            return Send(command, read)
        return known.knowing(
            {state.symbol for state in states},
            lambda: CanceledOrders(views.orders(states, known.instruments), count),
        )

    return Send(command, read)


def cancel_after(known: Known, timeout_ms: int, *, account: str | None = None) -> Step[CancelAfter]:
    """Cancel all the account's orders in `timeout_ms` milliseconds, unless this call comes again before.

    timeout_ms: 100 to 86,400,000; 0 switches it off.
    """
    timeout = units.milliseconds(timeout_ms, "timeout_ms", MIN_CANCEL_AFTER, MAX_CANCEL_AFTER)

    def read(told: Told) -> CancelAfter:
        state = expect(told.value, AccountState)
        return CancelAfter(state.account, timeout_ms, None if state.cancel_at is None else Time(state.cancel_at))

    return Send(CancelAfterCommand(account or known.account, timeout), read)


def order(
    known: Known,
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
) -> Step[Order]:
    """Look an order up, by its order_id or its client_order_id. Answers with it and its last 100 trades.

    Raises NotFound `unknown_order`, also for an order of another account.
    """

    def read(told: Told) -> Order | Step[Order]:
        state = expect(told.value, OrderState)
        return known.knowing([state.symbol], lambda: views.order(state, known.instruments[state.symbol]))

    return Ask(OrderQuery(*order_name(known, order_id, client_order_id, account)), read)


def orders(
    known: Known,
    *,
    symbol: str | None = None,
    account: str | None = None,
    status: str = "open",
    limit: int = 100,
    after: str | None = None,
) -> Step[OrderList]:
    """One page of an account's orders. status: `open` for open and pending ones, oldest first; `done`, newest first.

    limit: 1 to 1,000. after: the `next` of the page before. A page may hold fewer; it ends where `next` is None.
    """
    if status not in ("open", "done"):
        raise InvalidValue(f"status takes open or done, not {status!r}.", "status")

    def read(told: Told) -> OrderList | Step[OrderList]:
        page = expect(told.value, OrderPage)
        following = None if page.next is None else str(page.next)
        return known.knowing(
            {state.symbol for state in page.orders},
            lambda: OrderList(views.orders(page.orders, known.instruments), following),
        )

    most = units.limit(limit, LONGEST_PAGE)
    return Ask(OrdersQuery(symbol, account or known.account, status == "done", most, units.cursor(after)), read)


def amendments(
    known: Known,
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Step[AmendmentList]:
    """One page of what amends have changed of an order, oldest first. Only amends that name an id are remembered."""

    def read(told: Told) -> AmendmentList | Step[AmendmentList]:
        found = expect(told.value, Amendments)
        following = None if found.next is None else str(found.next)

        def view() -> AmendmentList:
            instrument = known.instruments[found.symbol]
            return AmendmentList(tuple(views.amendment(each, instrument) for each in found.amendments), following)

        return known.knowing([found.symbol], view)

    name = order_name(known, order_id, client_order_id, account)
    return Ask(AmendmentsQuery(*name, units.cursor(after), units.limit(limit, LONGEST_PAGE)), read)


def fills(
    known: Known,
    *,
    symbol: str | None = None,
    account: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Step[FillList]:
    """One page of an account's fills, oldest first: the newest of them, or those after the cursor `after`.

    after: the `next` of the page before, or a fill's `cursor`. limit: 1 to 1,000.
    """

    def read(told: Told) -> FillList | Step[FillList]:
        page = expect(told.value, FillPage)
        following = None if page.next is None else "{}-{}".format(*page.next)
        return known.knowing(
            {each.trade.symbol for each in page.fills},
            lambda: FillList(views.fills(page.fills, known.instruments), following),
        )

    most = units.limit(limit, LONGEST_PAGE)
    return Ask(FillsQuery(account or known.account, symbol, most, units.pair_cursor(after)), read)


def prevented_matches(
    known: Known,
    *,
    symbol: str | None = None,
    account: str | None = None,
    limit: int = 100,
    after: str | int | None = None,
) -> Step[PreventedMatchList]:
    """One page of the account's matches that self-trade prevention has kept from trading, oldest first."""

    def read(told: Told) -> PreventedMatchList | Step[PreventedMatchList]:
        found = expect(told.value, PreventedMatches)
        following = None if found.next is None else str(found.next)

        def view() -> PreventedMatchList:
            by_symbol = known.instruments
            matches = tuple(views.prevented_match(each, by_symbol[each.symbol]) for each in found.matches)
            return PreventedMatchList(matches, following)

        return known.knowing({each.symbol for each in found.matches}, view)

    most, behind = units.limit(limit, LONGEST_PAGE), units.cursor(after)
    return Ask(PreventedMatchesQuery(account or known.account, symbol, None, behind, most), read)


def account(known: Known, account: str | None = None) -> Step[AccountSummary]:
    """An account's balances, open orders and positions, all as of one sequence."""

    def read(told: Told) -> AccountSummary | Step[AccountSummary]:
        found = expect(told.value, Summary)
        symbols = {state.symbol for state in found.orders} | {each.symbol for each in found.positions}
        return known.knowing(symbols, lambda: money.summary(found, told.sequence, told.timestamp, known.instruments))

    return Ask(AccountQuery(account or known.account), read)


def balances(known: Known, account: str | None = None) -> Step[Balances]:
    """What an account has of every asset, free and locked. Empty, with `ledger` false, for an unlimited account."""

    def read(told: Told) -> Balances:
        return money.balances(expect(told.value, BalanceList), told.sequence, told.timestamp)

    return Ask(BalancesQuery(account or known.account), read)


def movements(
    known: Known,
    *,
    asset: str | None = None,
    account: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Step[MovementList]:
    """One page of the movements of an account's money, oldest first: the newest, or those after the cursor `after`.

    The matcher remembers the last 1,000 of an account.
    """
    most = units.limit(limit, LONGEST_PAGE)
    return Ask(
        MovementsQuery(account or known.account, asset, most, units.pair_cursor(after)),
        lambda told: money.movements(expect(told.value, MovementPage)),
    )
