"""The client_order_ids of an account: which order bears which, and which are used up.

An id is unique for good, or open-only. The first kind stays with its order while that is remembered, also after an
amend has given the order another one. The second kind is free once its order is done, and names the newest order.
Both kinds are remembered apart. At most one live order bears an id.
"""

from matcher.core.account import Account
from matcher.core.named_orders import NamedOrders
from matcher.core.order import Order
from protocol.units import Refusal


def has_open_only_id(order: Order) -> bool:
    """Whether the order bears an open-only id. An id that is unique for good always leads to its order."""
    name = order.client_order_id
    return name is not None and order.account.client_orders.get(name) is not order


def find_by_client_id(account: Account, name: str) -> Order | None:
    """The live order that bears the id, else the newest remembered one of either kind."""
    found = account.client_orders.get(name)
    if account.open_only_orders is None:
        return found
    other = account.open_only_orders.get(name)
    if found is None or other is None:
        return other if found is None else found
    if (found.level is None) is (other.level is None):
        return found if found.order_id > other.order_id else other
    return found if other.level is None else other


def why_taken(account: Account, name: str, *, open_only: bool, order: Order | None = None) -> Refusal | None:
    """Why no order but `order` may bear the id from now on; None if one may. That an id which is unique for good was
    used before is looked at elsewhere."""
    other = None if account.open_only_orders is None else account.open_only_orders.get(name)
    if other is not None and other.level is not None and other is not order:
        return Refusal.CLIENT_ORDER_ID_IN_USE if open_only else Refusal.CLIENT_ORDER_ID_CONFLICT
    if not open_only:
        return None
    other = account.client_orders.get(name)
    if other is None or other.level is None or other.client_order_id != name or other is order:
        return None
    return Refusal.CLIENT_ORDER_ID_IN_USE


def bear_open_only(order: Order) -> None:
    """Let the order's open-only id lead to it from now on."""
    account, name = order.account, order.client_order_id
    assert name is not None, "the order has an id"
    if account.open_only_orders is None:
        account.open_only_orders = NamedOrders()
    account.open_only_orders.put(name, order)


def why_not_renamed(order: Order, name: str) -> Refusal | None:
    """Why the order cannot bear the id; None if it can, or does."""
    if name == order.client_order_id:
        return None
    account = order.account
    if has_open_only_id(order):
        return why_taken(account, name, open_only=True, order=order)
    if account.client_orders.get(name) is not None:
        return Refusal.CLIENT_ORDER_ID_CONFLICT
    return why_taken(account, name, open_only=False)


def rename(order: Order, name: str) -> None:
    """Give the order another id, of the kind that it has. An order without one gets one that is unique for good."""
    account, before = order.account, order.client_order_id
    if has_open_only_id(order):
        assert before is not None and account.open_only_orders is not None, "the order bears it"
        account.open_only_orders.drop(before)
        order.client_order_id = name
        bear_open_only(order)
        return
    if account.former_ids is None:
        account.former_ids = {}
    account.former_ids.setdefault(order.order_id, []).append(before)
    if before is not None and before in account.entered:
        account.entered[name] = account.entered.pop(before)
    order.client_order_id = name
    account.client_orders.put(name, order)


def was_sent_with(order: Order, name: str) -> bool:
    """Whether the order was placed with the id, which is unique for good."""
    former_ids = order.account.former_ids
    names = None if former_ids is None else former_ids.get(order.order_id)
    return name == (names[0] if names else order.client_order_id)


def forget_client_ids(order: Order) -> None:
    """Forget the ids that lead to an order which is forgotten."""
    account, name = order.account, order.client_order_id
    if name is None:
        return
    if account.client_orders.get(name) is order:
        account.client_orders.remove(order)
        account.entered.pop(name, None)
        for former in () if account.former_ids is None else account.former_ids.pop(order.order_id, ()):
            if former is not None:
                account.client_orders.drop(former)
    elif account.open_only_orders is not None and account.open_only_orders.get(name) is order:
        account.open_only_orders.drop(name)
