"""What orders lock of their accounts' money, and whether an account can afford them (docs/money.md).

A lock depends only on the order as it stands: `lock_of` computes it anew after each change. `Order.reserved` is what
the order has locked so far.
"""

from typing import Final

from matcher.core.assets import WHOLE, Asset, Balance
from matcher.core.book import Book
from matcher.core.ledger import Ledger
from matcher.core.order import Order
from protocol.order_types import STOPS, TRAILS
from protocol.units import Side

BUY: Final = Side.BUY


def lock_of(order: Order) -> int:
    """What a live order locks alone, in units of its asset."""
    return lock_at(order, order.remaining, order.price, order.trigger_price)


def lock_at(order: Order, remaining: int, price: int | None, trigger_price: int | None) -> int:
    """What the order would lock alone if it had these values."""
    currencies = order.book.currencies
    if order.side is not BUY:
        return remaining * currencies.base_unit
    if price is None:
        if trigger_price is None or TRAILS[order.order_type]:
            return 0
        price = trigger_price
    rate = currencies.lock_rate if not currencies.fee_changes else locked_rate(order)
    return price * remaining * rate * currencies.quote_unit


def share_of_pair(order: Order) -> int:
    """What a live order must have locked: the leg of an OCO that is no stop has the larger lock of both."""
    extra = order.extra
    if extra is None or extra.partner is None:
        return lock_at(order, order.remaining, order.price, order.trigger_price)
    return max(lock_of(order), lock_of(extra.partner)) if not STOPS[order.order_type] else 0


def locked_rate(order: Order) -> int:
    """Basis points of the value that the order locks if it buys. They held as it entered, or as its ledger began.
    Without a ledger they are those of now: it would begin now."""
    currencies, ledger = order.book.currencies, order.account.ledger
    return currencies.lock_rate if ledger is None else currencies.rate_of(order.order_id, ledger.since)


def charged_rate(order: Order, rate: int) -> int:
    """The fee rate that a trade charges the order: the instrument's `rate`, or less if it has locked for less."""
    if order.account.ledger is None:
        return rate
    return min(rate, locked_rate(order) - WHOLE)


def asset_of(order: Order) -> Asset:
    """The asset that the order locks."""
    currencies = order.book.currencies
    return currencies.quote if order.side is BUY else currencies.base


def set_reserved(order: Order, balance: Balance, amount: int) -> None:
    """Let the order lock this amount, of or back to what is free."""
    difference = amount - order.reserved
    if difference:
        balance.free -= difference
        balance.locked += difference
        balance.updated = order.book.running.sequence
        order.reserved = amount


def reserve(order: Order, ledger: Ledger) -> bool:
    """Lock for a new order that is no market order. False if too little is free; then nothing has changed."""
    currencies = order.book.currencies
    if order.side is not BUY:
        amount = order.remaining * currencies.base_unit
        balance = ledger.balances[currencies.base.index]
    else:
        price = order.price
        if price is None:
            amount = lock_of(order)
        else:
            # A new order locks at the rate of now.
            amount = price * order.remaining * currencies.lock_rate * currencies.quote_unit
        balance = ledger.balances[currencies.quote.index]
    if amount > balance.free:
        return False
    balance.free -= amount
    balance.locked += amount
    balance.updated = order.sequence
    order.reserved = amount
    return True


def reserve_pair(limit_leg: Order, stop_leg: Order, ledger: Ledger) -> bool:
    """Lock for a new OCO. False if too little is free; then nothing has changed."""
    balance = ledger.balance(asset_of(limit_leg))
    amount = max(lock_of(limit_leg), lock_of(stop_leg))
    if amount > balance.free:
        return False
    set_reserved(limit_leg, balance, amount)
    return True


def reserve_for_amend(
    order: Order, ledger: Ledger, quantity: int, price: int | None, trigger_price: int | None
) -> bool:
    """Lock what the order needs more with these values. False if too little is free; then nothing has changed. What it
    needs less is released when the command has run."""
    remaining = order.remaining + quantity - order.quantity
    needed = lock_at(order, remaining, price, trigger_price)
    holder, reserved = order, order.reserved
    partner = None if order.extra is None else order.extra.partner
    if partner is not None:
        needed = max(needed, lock_at(partner, remaining, partner.price, partner.trigger_price))
        reserved += partner.reserved
        if not STOPS[partner.order_type]:
            holder = partner
    balance = ledger.balance(asset_of(order))
    missing = needed - reserved
    if missing > balance.free:
        return False
    if missing > 0:
        set_reserved(holder, balance, holder.reserved + missing)
    return True


def affordable(book: Book, order: Order, ledger: Ledger, quote_quantity: int) -> int:
    """What a market order that buys may spend, fees apart, in units of price x quantity."""
    currencies = book.currencies
    whole = WHOLE + charged_rate(order, book.rules.taker_fee_bps)
    free = ledger.balance(currencies.quote).free
    return min(quote_quantity, free // (whole * currencies.quote_unit))
