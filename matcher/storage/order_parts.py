"""The parts of a snapshot about what orders were: how they were sent, their client_order_ids, their amends, and what
self-trade prevention has kept them from."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from msgspec import Struct

from matcher.core.client_ids import bear_open_only, has_open_only_id
from matcher.core.order import Order
from matcher.core.registry import Registry
from matcher.storage.chunks import chunks
from protocol.events import Amendment, PreventedMatch


class ClientIdKind(IntEnum):
    """How an order bears its client_order_id, if it has one.

    FOR_GOOD: the id is unique for good.
    OPEN_ONLY: the id is open-only, and leads to the order.
    OPEN_ONLY_LOST: the id is open-only, and leads to a newer order, or to none.
    """

    FOR_GOOD = 0
    OPEN_ONLY = 1
    OPEN_ONLY_LOST = 2


class EnteredPart(Struct, frozen=True, tag="entered"):
    """How amended orders were first sent: quantity, price and trigger_price by account and client_order_id."""

    accounts: dict[str, dict[str, tuple[int, int | None, int | None]]]


class FormerIdsPart(Struct, frozen=True, tag="former_ids"):
    """The client_order_ids before amends changed them, oldest first, by account and order_id. Left out without any."""

    accounts: dict[str, dict[int, list[str | None]]]


class AmendmentsPart(Struct, frozen=True, tag="amendments"):
    """What amends have changed, oldest first. Left out without any."""

    amendments: list[Amendment]


class PreventedMatchesPart(Struct, frozen=True, tag="prevented_matches"):
    """Matches of an account that self-trade prevention has kept from trading, oldest first. Left out without any."""

    account: str
    matches: list[PreventedMatch]


OrderPart = EnteredPart | FormerIdsPart | AmendmentsPart | PreventedMatchesPart

ORDER_PARTS: Final = (EnteredPart, FormerIdsPart, AmendmentsPart, PreventedMatchesPart)


def kind_of_client_id(order: Order) -> ClientIdKind:
    if not has_open_only_id(order):
        return ClientIdKind.FOR_GOOD
    known, name = order.account.open_only_orders, order.client_order_id
    assert name is not None, "an open-only id is one"
    return ClientIdKind.OPEN_ONLY if known is not None and known.get(name) is order else ClientIdKind.OPEN_ONLY_LOST


def enter(registry: Registry, order: Order, kind: ClientIdKind) -> None:
    """Take in an order with its ids."""
    registry.orders.add(order)
    if order.client_order_id is None:
        return
    if kind is ClientIdKind.FOR_GOOD:
        order.account.client_orders.add(order)
    elif kind is ClientIdKind.OPEN_ONLY:
        bear_open_only(order)


def order_parts(registry: Registry) -> Iterator[OrderPart]:
    accounts = registry.accounts.values()
    for entered in chunks((account.name, account.entered) for account in accounts if account.entered):
        yield EnteredPart(dict(entered))
    for former in chunks((account.name, account.former_ids) for account in accounts if account.former_ids):
        yield FormerIdsPart(dict(former))
    for amendments in chunks(registry.amendments):
        yield AmendmentsPart(amendments)
    for account, matches in registry.running.prevented.known():
        yield PreventedMatchesPart(account, matches)


def read_order_part(registry: Registry, part: OrderPart) -> None:
    """Bring back a part, after the orders."""
    if isinstance(part, EnteredPart):
        for name, entered in part.accounts.items():
            registry.account(name).entered = entered
        return
    if isinstance(part, AmendmentsPart):
        for amendment in part.amendments:
            registry.amendments.add(amendment)
        return
    if isinstance(part, PreventedMatchesPart):
        registry.running.prevented.restore(part.account, part.matches)
        return
    for name, former_ids in part.accounts.items():
        account = registry.account(name)
        account.former_ids = former_ids
        for order_id, names in former_ids.items():
            for former in names:
                if former is not None:
                    account.client_orders.put(former, registry.orders[order_id])
