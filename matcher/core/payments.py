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
        place = 0
        for trade in trades:
            maker = makers[place]
            place += 1  # noqa: SIM113  a third of what enumerate or zip costs for one trade
            if taker.account.ledger is not None or maker.account.ledger is not None:
                _book_trade(taker, maker, trade)
        if taker.account.ledger is not None and taker.level is not None:
            _lock_anew(taker, taker.account.ledger)
    while running.paid_ends < len(ended):
        order = ended[running.paid_ends]
        running.paid_ends += 1
        if order.reserved:
            ledger = order.account.ledger
            assert ledger is not None, "only orders of an account with a ledger lock"
            set_reserved(order, ledger.balance(asset_of(order)), 0)
    for order in running.resized:
        ledger = order.account.ledger
        if ledger is not None and (order.status is OPEN or order.status is PENDING):
            _lock_anew(order, ledger)
    running.resized.clear()


def _book_trade(taker: Order, maker: Order, trade: Trade) -> None:
    """Move what a trade moves, and let the maker lock for what is left of it."""
    price, quantity = trade.price, trade.quantity
    currencies, sequence = taker.book.currencies, taker.book.running.sequence
    base, quote, unit = currencies.base, currencies.quote, currencies.quote_unit
    value = price * quantity
    amount = quantity * currencies.base_unit
    maker_rate, taker_rate = trade.maker_fee_bps, trade.taker_fee_bps
    quote.fees += value * (maker_rate + taker_rate) * unit
    if taker.side is BUY:
        buyer, buyer_rate, seller, seller_rate = taker.account.ledger, taker_rate, maker.account.ledger, maker_rate
    else:
        buyer, buyer_rate, seller, seller_rate = maker.account.ledger, maker_rate, taker.account.ledger, taker_rate
    symbol = taker.book.rules.symbol
    if buyer is None:
        quote.outside -= value * (WHOLE + buyer_rate) * unit
        base.outside += amount
    else:
        balance = buyer.balance(quote)
        balance.free -= value * (WHOLE + buyer_rate) * unit
        balance.updated = sequence
        balance = buyer.balance(base)
        balance.free += amount
        balance.updated = sequence
        position = buyer.position(symbol)
        position.buy(quantity, value, price)
        position.fees += value * buyer_rate
    if seller is None:
        quote.outside += value * (WHOLE - seller_rate) * unit
        base.outside -= amount
    else:
        balance = seller.balance(quote)
        balance.free += value * (WHOLE - seller_rate) * unit
        balance.updated = sequence
        balance = seller.balance(base)
        balance.free -= amount
        balance.updated = sequence
        position = seller.position(symbol)
        position.sell(quantity, value, price)
        position.fees += value * seller_rate
    ledger = maker.account.ledger
    if ledger is not None and maker.level is not None:
        _lock_anew(maker, ledger)


def _lock_anew(order: Order, ledger: Ledger) -> None:
    set_reserved(order, ledger.balance(asset_of(order)), share_of_pair(order))
