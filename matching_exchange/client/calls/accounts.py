"""Calls that read an account's orders, fills and money, and what concerns a whole account."""

from typing import Final, Literal

from matching_exchange.client.call import AccountPlace, Call, Repeat, answer, given, segment
from matching_exchange.client.calls.requests import order_name
from matching_exchange.client.calls.route import route
from matching_exchange.client.pages import Pages
from matching_exchange.client.times import TimeInput, time_text
from matching_exchange.client.types.administration import OwnKey
from matching_exchange.client.types.money import (
    AccountSummary,
    Balances,
    BalancesAt,
    Faucet,
    Movement,
    MovementList,
)
from matching_exchange.client.types.orders import (
    Amendment,
    AmendmentList,
    CancelAfter,
    Fill,
    FillList,
    Order,
    OrderList,
    PreventedMatch,
    PreventedMatchList,
)

ListedStatus = Literal["open", "done"]

FROM_THE_FIRST: Final = "0-0"
"""The cursor before all fills and movements."""

LONGEST_PAGE: Final = 1_000
"""Elements of one page at most."""

_order = answer(Order)
_orders = answer(OrderList)
_amendments = answer(AmendmentList)
_fills = answer(FillList)
_matches = answer(PreventedMatchList)
_cancel_after = answer(CancelAfter)
_summary = answer(AccountSummary)
_balances = answer(Balances)
_balances_at = answer(BalancesAt)
_movements = answer(MovementList)
_faucet = answer(Faucet)
_own_key = answer(OwnKey)


@route("GET", "/orders/{order_id}")
def order(
    order_id: int | str | None = None, *, client_order_id: str | None = None, account: str | None = None
) -> Call[Order]:
    """Look an order up, by its order_id or its client_order_id. Answers with it and its last 100 trades.

    Raises NotFound `unknown_order`, also for an order of another account.
    """
    return Call(
        "GET",
        f"/orders/{segment(order_name(order_id, client_order_id))}",
        _order,
        repeat=Repeat.ALWAYS,
        account=account,
        account_place=AccountPlace.QUERY,
    )


@route("GET", "/orders")
def orders(
    *,
    symbol: str | None = None,
    account: str | None = None,
    status: ListedStatus = "open",
    limit: int = 100,
    after: str | None = None,
) -> Call[OrderList]:
    """One page of orders. status: `open` for open and pending ones, oldest first; `done`, newest first.

    limit: 1 to 1,000. after: the `next` of the page before. A page may hold fewer; it ends where `next` is None.
    """
    return Call(
        "GET",
        "/orders",
        _orders,
        repeat=Repeat.ALWAYS,
        query=given(symbol=symbol, status=status, limit=limit, after=after),
        account=account,
        account_place=AccountPlace.QUERY,
    )


def iter_orders(
    *, symbol: str | None = None, account: str | None = None, status: ListedStatus = "open"
) -> Pages[OrderList, Order]:
    """All orders, page by page. status: `open` for open and pending ones, oldest first; `done`, newest first."""

    def page(after: str | None = None) -> Call[OrderList]:
        return orders(symbol=symbol, account=account, status=status, limit=LONGEST_PAGE, after=after)

    return Pages(page(), lambda found: found.orders, lambda found: page(found.next) if found.next else None)


@route("GET", "/orders/{order_id}/amendments")
def amendments(
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Call[AmendmentList]:
    """One page of what amends have changed of an order, oldest first. Only amends that name an id are remembered."""
    return Call(
        "GET",
        f"/orders/{segment(order_name(order_id, client_order_id))}/amendments",
        _amendments,
        repeat=Repeat.ALWAYS,
        query=given(limit=limit, after=after),
        account=account,
        account_place=AccountPlace.QUERY,
    )


def iter_amendments(
    order_id: int | str | None = None, *, client_order_id: str | None = None, account: str | None = None
) -> Pages[AmendmentList, Amendment]:
    """All that amends have changed of an order, oldest first, page by page."""

    def page(after: str | None = None) -> Call[AmendmentList]:
        named = client_order_id
        return amendments(order_id, client_order_id=named, account=account, limit=LONGEST_PAGE, after=after)

    return Pages(page(), lambda found: found.amendments, lambda found: page(found.next) if found.next else None)


@route("GET", "/fills")
def fills(
    *, symbol: str | None = None, account: str | None = None, limit: int = 100, after: str | None = None
) -> Call[FillList]:
    """One page of an account's fills, oldest first: the newest of them, or those after the cursor `after`.

    after: the `next` of the page before, or a fill's `cursor`. limit: 1 to 1,000.
    """
    return Call(
        "GET",
        "/fills",
        _fills,
        repeat=Repeat.ALWAYS,
        query=given(symbol=symbol, limit=limit, after=after),
        account=account,
        account_place=AccountPlace.QUERY,
    )


def iter_fills(
    *, symbol: str | None = None, account: str | None = None, after: str = FROM_THE_FIRST
) -> Pages[FillList, Fill]:
    """All fills after the cursor `after`, oldest first, page by page. Without a history the exchange knows the last
    1,000 as maker and the last 1,000 as taker."""

    def page(cursor: str) -> Call[FillList]:
        return fills(symbol=symbol, account=account, limit=LONGEST_PAGE, after=cursor)

    return Pages(page(after), lambda found: found.fills, lambda found: page(found.next) if found.next else None)


@route("GET", "/accounts/{account}/prevented-matches")
def prevented_matches(
    *, symbol: str | None = None, account: str | None = None, limit: int = 100, after: str | int | None = None
) -> Call[PreventedMatchList]:
    """One page of the account's matches that self-trade prevention has kept from trading, oldest first.

    after: the `next` of the page before, or a prevented_match_id.
    """
    return Call(
        "GET",
        "/accounts/{account}/prevented-matches",
        _matches,
        repeat=Repeat.ALWAYS,
        query=given(symbol=symbol, limit=limit, after=after),
        account=account,
        account_place=AccountPlace.PATH,
    )


def iter_prevented_matches(
    *, symbol: str | None = None, account: str | None = None
) -> Pages[PreventedMatchList, PreventedMatch]:
    """All remembered matches that self-trade prevention has kept from trading, oldest first, page by page."""

    def page(after: str | None = None) -> Call[PreventedMatchList]:
        return prevented_matches(symbol=symbol, account=account, limit=LONGEST_PAGE, after=after)

    return Pages(
        page("0"), lambda found: found.prevented_matches, lambda found: page(found.next) if found.next else None
    )


@route("POST", "/accounts/{account}/cancel-after")
def cancel_after(timeout_ms: int, *, account: str | None = None) -> Call[CancelAfter]:
    """Cancel all the account's orders in `timeout_ms` milliseconds, unless this call comes again before.

    timeout_ms: 100 to 86,400,000; 0 switches it off. Sent again after a lost answer: the time then begins anew.
    """
    return Call(
        "POST",
        "/accounts/{account}/cancel-after",
        _cancel_after,
        repeat=Repeat.ALWAYS,
        body={"timeout_ms": timeout_ms},
        account=account,
        account_place=AccountPlace.PATH,
    )


@route("GET", "/key")
def own_key() -> Call[OwnKey]:
    """The key that this client holds. Raises NotFound `unknown_key` where the exchange asks for none."""
    return Call("GET", "/key", _own_key, repeat=Repeat.ALWAYS)


@route("GET", "/accounts/{account}")
def account(account: str | None = None) -> Call[AccountSummary]:
    """An account's balances, open orders and positions, all as of one sequence."""
    return Call(
        "GET",
        "/accounts/{account}",
        _summary,
        repeat=Repeat.ALWAYS,
        account=account,
        account_place=AccountPlace.PATH,
    )


@route("GET", "/accounts/{account}/balances")
def balances(account: str | None = None, *, shard: str | None = None) -> Call[Balances]:
    """What an account has of every asset, free and locked. Empty, with `ledger` false, for an unlimited account.

    shard: where the exchange has several: what is in this one. Without it the sum of all, and what is in each.
    """
    return Call(
        "GET",
        "/accounts/{account}/balances",
        _balances,
        repeat=Repeat.ALWAYS,
        query=given(shard=shard),
        account=account,
        account_place=AccountPlace.PATH,
    )


@route("GET", "/accounts/{account}/balances")
def balances_at(at: TimeInput, *, account: str | None = None) -> Call[BalancesAt]:
    """What an account had of each asset at a time that is past. Needs a history."""
    return Call(
        "GET",
        "/accounts/{account}/balances",
        _balances_at,
        repeat=Repeat.ALWAYS,
        query=[("at", time_text(at, "at"))],
        account=account,
        account_place=AccountPlace.PATH,
    )


@route("GET", "/accounts/{account}/ledger")
def movements(
    *, asset: str | None = None, account: str | None = None, limit: int = 100, after: str | None = None
) -> Call[MovementList]:
    """One page of the movements of an account's money, oldest first: the newest, or those after the cursor `after`."""
    return Call(
        "GET",
        "/accounts/{account}/ledger",
        _movements,
        repeat=Repeat.ALWAYS,
        query=given(asset=asset, limit=limit, after=after),
        account=account,
        account_place=AccountPlace.PATH,
    )


def iter_movements(
    *, asset: str | None = None, account: str | None = None, after: str = FROM_THE_FIRST
) -> Pages[MovementList, Movement]:
    """All movements of an account's money after the cursor `after`, oldest first, page by page."""

    def page(cursor: str) -> Call[MovementList]:
        return movements(asset=asset, account=account, limit=LONGEST_PAGE, after=cursor)

    return Pages(page(after), lambda found: found.movements, lambda found: page(found.next) if found.next else None)


@route("POST", "/accounts/{account}/faucet")
def faucet(account: str | None = None, *, shard: str | None = None) -> Call[Faucet]:
    """Get what the faucet gives each UTC day. Sent again after a lost answer: it gives once a day however often.

    shard: where the exchange has several: each gives once a day, the first one if none is named.
    Raises Unauthorized `faucet_off` where the operator gives none.
    """
    return Call(
        "POST",
        "/accounts/{account}/faucet",
        _faucet,
        repeat=Repeat.ALWAYS,
        query=given(shard=shard),
        account=account,
        account_place=AccountPlace.PATH,
    )
