"""What the running command moves between ledgers: the trades that it has made, and what orders lock after it.

A lock depends on the order as it stands, so it is made anew once for each order that the command has changed.
"""

from typing import Final

from matcher.core.assets import WHOLE
from matcher.core.ledger import Ledger
from matcher.core.locks import asset_of, set_reserved, share_of_pair
from matcher.core.order import Order
from matcher.core.running import Running
from protocol.events import Trade
from protocol.units import OrderStatus, Side

BUY: Final = Side.BUY
OPEN: Final = OrderStatus.OPEN
PENDING: Final = OrderStatus.PENDING


def pay(running: Running) -> None:
    """Book what the command has traded, ended and changed since the last call."""
    takes, ended = running.takes, running.ended
    while running.paid_takes < len(takes):
        taker, makers, trades = takes[running.paid_takes]
        running.paid_takes += 1
        if trades:
            _book_trades(taker, makers, trades)
        if taker.account.ledger is not None and taker.level is not None:
            _lock_anew(taker, taker.account.ledger)
    while running.paid_ends < len(ended):
        order = ended[running.paid_ends]
        running.paid_ends += 1
        amount = order.reserved
        if amount:
            ledger = order.account.ledger
            assert ledger is not None, "only orders of an account with a ledger lock"
            currencies = order.book.currencies
            balance = ledger.balances[(currencies.quote if order.side is BUY else currencies.base).index]
            balance.free += amount
            balance.locked -= amount
            balance.updated = running.sequence
            order.reserved = 0
    if running.resized:
        for order in running.resized:
            ledger = order.account.ledger
            if ledger is not None and (order.status is OPEN or order.status is PENDING):
                _lock_anew(order, ledger)
        running.resized.clear()


def _book_trades(taker: Order, makers: list[Order], trades: list[Trade]) -> None:
    """Move what the trades of one taker move, and let the makers lock for what is left of them."""
    book = taker.book
    currencies, sequence, symbol = book.currencies, book.running.sequence, book.rules.symbol
    base, quote, unit, base_unit = (
        currencies.base.index,
        currencies.quote.index,
        currencies.quote_unit,
        currencies.base_unit,
    )
    taker_ledger = taker.account.ledger
    buys = taker.side is BUY
    taken = paid = fees = 0
    outside_base = outside_quote = 0
    position = None if taker_ledger is None else taker_ledger.position(symbol)
    place = 0
    for trade in trades:
        maker = makers[place]
        place += 1
        ledger = maker.account.ledger
        if ledger is None and taker_ledger is None:
            continue
        price, quantity, maker_rate, taker_rate = trade.price, trade.quantity, trade.maker_fee_bps, trade.taker_fee_bps
        value = price * quantity
        amount = quantity * base_unit
        fees += value * (maker_rate + taker_rate)
        taken += amount
        if buys:
            paid += value * (WHOLE + taker_rate)
            if position is not None:
                position.buy(quantity, value, price)
                position.fees += value * taker_rate
            got = value * (WHOLE - maker_rate) * unit
            if ledger is None:
                outside_base -= amount
                outside_quote += got
            else:
                _book_maker(maker, ledger, base, amount, quote, got)
                own = ledger.position(symbol)
                own.sell(quantity, value, price)
                own.fees += value * maker_rate
        else:
            paid += value * (WHOLE - taker_rate)
            spent = value * (WHOLE + maker_rate) * unit
            if ledger is None:
                outside_base += amount
                outside_quote -= spent
            else:
                _book_maker(maker, ledger, quote, spent, base, amount)
                own = ledger.position(symbol)
                own.buy(quantity, value, price)
                own.fees += value * maker_rate
            if position is not None:
                position.sell(quantity, value, price)
                position.fees += value * taker_rate
    paid *= unit
    if not buys:
        taken, paid = -taken, -paid
    if taker_ledger is None:
        outside_base += taken
        outside_quote -= paid
    else:
        balance = taker_ledger.balances[base]
        balance.free += taken
        balance.updated = sequence
        balance = taker_ledger.balances[quote]
        balance.free -= paid
        balance.updated = sequence
    currencies.quote.fees += fees * unit
    currencies.base.outside += outside_base
    currencies.quote.outside += outside_quote


def _book_maker(maker: Order, ledger: Ledger, given: int, spent: int, received: int, got: int) -> None:
    """Take what the maker gives of its lock, and add what it gets. `given` and `received` are indexes of assets."""
    sequence = maker.book.running.sequence
    balance = ledger.balances[received]
    balance.free += got
    balance.updated = sequence
    balance = ledger.balances[given]
    # What has ended meanwhile locks nothing; a plain order locks for what remains of it.
    target = 0 if maker.level is None else share_of_pair(maker)
    released = maker.reserved - target
    balance.free += released - spent
    balance.locked -= released
    balance.updated = sequence
    maker.reserved = target


def _lock_anew(order: Order, ledger: Ledger) -> None:
    set_reserved(order, ledger.balance(asset_of(order)), share_of_pair(order))
