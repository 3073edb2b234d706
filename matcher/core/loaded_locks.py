"""Whether accounts can lock for the orders of a saved book: one that they cannot lock for is refused whole."""

from matcher.core.account import Account
from matcher.core.assets import Asset
from matcher.core.book import Book
from matcher.core.locks import asset_of, lock_at
from matcher.core.order import Order
from matcher.core.registry import Registry
from matcher.core.saved_book_reader import SavedBookError
from protocol.instrument import format_decimal

Needs = dict[tuple[str, str], int]
"""What accounts lock, by account and asset: base and quote may be the same."""


def check_locks(registry: Registry, book: Book, loaded: list[tuple[Order, Order]]) -> None:
    """Raise SavedBookError if an account has too little. `loaded` are pairs: an order as it was saved, and the live one
    of its id, or itself."""
    if not registry.ledgers:
        return
    needs: Needs = {}
    pairs: dict[int, int] = {}
    for saved, order in loaded:
        account = registry.accounts.get(saved.account.name)
        if account is None or account.ledger is None:
            continue
        taken = 0 if order is saved else order.quantity - order.remaining
        remaining = saved.remaining if order is saved else saved.quantity - taken
        amount = lock_at(order, remaining, saved.price, saved.trigger_price)
        if saved.extra is not None and saved.extra.oco_id is not None:
            # The second leg locks only what the first one does not.
            first = pairs.setdefault(saved.extra.oco_id, 0)
            pairs[saved.extra.oco_id] = max(first, amount)
            amount = max(0, amount - first)
        _add(needs, account, asset_of(saved), amount)
    for order in book.live_orders():
        _add(needs, order.account, asset_of(order), -order.reserved)
    for (name, asset_name), amount in needs.items():
        ledger, asset = registry.accounts[name].ledger, registry.assets[asset_name]
        if ledger is not None and amount > ledger.balance(asset).free:
            missing = format_decimal(amount - ledger.balance(asset).free, asset.decimals)
            raise SavedBookError("account", f"{name}: lacks {missing} {asset.name} to lock for its orders")


def _add(needs: Needs, account: Account, asset: Asset, amount: int) -> None:
    if amount:
        key = account.name, asset.name
        needs[key] = needs.get(key, 0) + amount
