"""What the running command moves between ledgers: the trades that it has made, and what orders lock after it.

A lock depends on the order as it stands, so it is made anew once for each order that the command has changed.
"""

from typing import Final

from matcher.core.assets import WHOLE, Asset, Currencies
from matcher.core.ledger import Ledger
from matcher.core.locks import asset_of, set_reserved, share_of_pair
from matcher.core.order import Order
from matcher.core.running import Running
from protocol.events import Trade
from protocol.money import MovementKind
from protocol.units import OrderStatus, Side

BUY: Final = Side.BUY
OPEN: Final = OrderStatus.OPEN
PENDING: Final = OrderStatus.PENDING
FILL: Final = MovementKind.FILL
FEE: Final = MovementKind.FEE


def pay(running: Running) -> None:
    """Book what the command has traded, ended and changed so far."""
    book_changes(running)
    for order in running.ended:
        if order.reserved:
            release(order)


def book_changes(running: Running) -> None:
    """Book what the command has traded and changed since the last call. What has ended is left to `release`."""
    takes = running.takes
    for taker, makers, trades in takes[running.paid_takes :] if running.paid_takes else takes:
        if trades:
            _book_trades(taker, makers, trades)
        if taker.account.ledger is not None and taker.level is not None:
            _lock_anew(taker, taker.account.ledger)
    running.paid_takes = len(takes)
    if running.resized:
        for order in running.resized:
            ledger = order.account.ledger
            if ledger is not None and (order.status is OPEN or order.status is PENDING):
                _lock_anew(order, ledger)
        running.resized.clear()


def release(order: Order) -> None:
    """Let an order that has ended lock nothing any more."""
    amount = order.reserved
    ledger = order.account.ledger
    assert ledger is not None, "only orders of an account with a ledger lock"
    currencies = order.book.currencies
    balance = ledger.balances[currencies.quote.index if order.side is BUY else currencies.base.index]
    balance.free += amount
    balance.locked -= amount
    balance.updated = order.book.running.sequence
    order.reserved = 0


def _book_trades(taker: Order, makers: list[Order], trades: list[Trade]) -> None:
    """Move what the trades of one taker move, and let the makers lock for what is left of them."""
    book = taker.book
    currencies, symbol = book.currencies, book.rules.symbol
    unit, base_unit = currencies.quote_unit, currencies.base_unit
    taker_ledger = taker.account.ledger
    buys = taker.side is BUY
    taken = paid = fees = outside_base = outside_quote = 0
    position = None if taker_ledger is None else taker_ledger.position(symbol)
    place = 0
    for trade in trades:
        maker = makers[place]
        place += 1
        ledger = maker.account.ledger
        if ledger is None and position is None:
            continue
        price, quantity, maker_rate, taker_rate = trade.price, trade.quantity, trade.maker_fee_bps, trade.taker_fee_bps
        value = price * quantity
        amount = quantity * base_unit
        maker_fee, taker_fee = value * maker_rate, value * taker_rate
        fees += maker_fee + taker_fee
        taken += amount
        if buys:
            paid += value * WHOLE + taker_fee
            if position is not None:
                position.buy(quantity, price, value, taker_fee)
            if ledger is None:
                outside_base -= amount
                outside_quote += value * WHOLE - maker_fee
            else:
                ledger.position(symbol).sell(quantity, price, value, maker_fee)
                _book_sale(maker, ledger, currencies, amount, (value * WHOLE - maker_fee) * unit)
        else:
            paid -= value * WHOLE - taker_fee
            if ledger is None:
                outside_base += amount
                outside_quote -= value * WHOLE + maker_fee
            else:
                ledger.position(symbol).buy(quantity, price, value, maker_fee)
                _book_purchase(maker, ledger, currencies, amount, (value * WHOLE + maker_fee) * unit)
            if position is not None:
                position.sell(quantity, price, value, taker_fee)
    if not buys:
        taken = -taken
    if taker_ledger is None:
        outside_base += taken
        outside_quote -= paid
    else:
        sequence = book.running.sequence
        balance = taker_ledger.balances[currencies.base.index]
        balance.free += taken
        balance.updated = sequence
        balance = taker_ledger.balances[currencies.quote.index]
        balance.free -= paid * unit
        balance.updated = sequence
    currencies.quote.fees += fees * unit
    if outside_base or outside_quote:
        currencies.base.outside += outside_base
        currencies.quote.outside += outside_quote * unit


def _book_sale(maker: Order, ledger: Ledger, currencies: Currencies, amount: int, got: int) -> None:
    """Let a maker give base and get quote. It locks for what is left of it, and nothing once it has ended."""
    sequence = maker.book.running.sequence
    balance = ledger.balances[currencies.quote.index]
    balance.free += got
    balance.updated = sequence
    balance = ledger.balances[currencies.base.index]
    if maker.extra is None:
        target = maker.remaining * currencies.base_unit
    else:
        target = 0 if maker.level is None else share_of_pair(maker)
    released = maker.reserved - target
    balance.free += released - amount
    balance.locked -= released
    balance.updated = sequence
    maker.reserved = target


def _book_purchase(maker: Order, ledger: Ledger, currencies: Currencies, amount: int, spent: int) -> None:
    """Let a maker give quote and get base. It locks for what is left of it, and nothing once it has ended."""
    sequence = maker.book.running.sequence
    balance = ledger.balances[currencies.base.index]
    balance.free += amount
    balance.updated = sequence
    balance = ledger.balances[currencies.quote.index]
    target = 0 if maker.level is None else share_of_pair(maker)
    released = maker.reserved - target
    balance.free += released - spent
    balance.locked -= released
    balance.updated = sequence
    maker.reserved = target


def _lock_anew(order: Order, ledger: Ledger) -> None:
    set_reserved(order, ledger.balance(asset_of(order)), share_of_pair(order))


def moved_by_fill(currencies: Currencies, trade: Trade, is_maker: bool) -> list[tuple[MovementKind, Asset, int]]:  # noqa: FBT001  as in Fill
    """What one side of a trade has moved of its account, with signs: base, quote, and the fee. No part is zero."""
    buys = (trade.aggressor_side is BUY) is not is_maker
    value = trade.price * trade.quantity * currencies.quote_unit
    base = trade.quantity * currencies.base_unit
    fee = value * (trade.maker_fee_bps if is_maker else trade.taker_fee_bps)
    moved = [
        (FILL, currencies.base, base if buys else -base),
        (FILL, currencies.quote, (-value if buys else value) * WHOLE),
    ]
    if fee:
        moved.append((FEE, currencies.quote, -fee))
    return moved
