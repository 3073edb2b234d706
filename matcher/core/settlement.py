"""What a command leaves with accounts, read once it has run: their fills and their done orders. Nothing here matches.

The books note what has traded and what has ended in `Running`; the ledger takes it from there.
"""

from typing import Final

from matcher.core.account import Account
from matcher.core.order import Order
from matcher.core.payments import book_changes, release
from matcher.core.protection import discount_ended
from matcher.core.registry import Registry
from protocol.events import Trade

MAX_ACCOUNT_FILLS: Final = 1_000
"""Fills as maker, and as many as taker, that an account remembers, the last ones."""

FILLS_KEPT: Final = 1_250
"""An account with this many fills drops all but the newest MAX_ACCOUNT_FILLS at once."""


def settle(registry: Registry) -> None:  # noqa: C901  calls cost more than lines here
    """Take in what the running command has traded and ended so far. Give the next one all that a command may do."""
    running = registry.running
    ledgers = registry.ledgers
    if ledgers and (running.takes or running.resized):
        book_changes(running)
        running.paid_takes = 0
    if registry.guarded:
        discount_ended(running.ended)
    if running.takes:
        for taker, makers, trades in running.takes:
            place = 0
            for trade in trades:
                account = makers[place].account
                place += 1  # noqa: SIM113  a third of what enumerate or zip costs for one trade
                fills = account.maker_fills
                if fills is None:
                    account.maker_fills = [trade]
                else:
                    fills.append(trade)
                    if len(fills) > FILLS_KEPT:
                        del fills[:-MAX_ACCOUNT_FILLS]
            account = taker.account
            fills = account.taker_fills
            if fills is None:
                account.taker_fills = trades[-FILLS_KEPT:]
            else:
                fills += trades
                if len(fills) > FILLS_KEPT:
                    del fills[:-MAX_ACCOUNT_FILLS]
        running.takes.clear()
        running.trades_left = registry.limits.trades
        running.moves_left = registry.limits.trigger_moves
    done = registry.done
    for order in running.ended:
        # As remember_done, in line: most commands end an order.
        done.append(order)
        order.book.done.append(order)
        account = order.account
        last = account.last_done
        if last is not None:
            last.next = order
            order.previous = last
        account.last_done = order
        if ledgers and order.reserved:
            release(order)
        extra = order.extra
        if extra is not None:
            if extra.terms.expire_time:
                registry.expiries.discard(extra.terms.expire_time, order.order_id)
            if extra.list_client_order_id is not None:
                registry.discount_leg(account.name, extra.list_client_order_id)
    running.ended.clear()
    if running.resized:
        running.resized.clear()


def remember_done(registry: Registry, order: Order) -> None:
    """Make an order that is done the last of its account's, its book's and all."""
    registry.done.append(order)
    order.book.done.append(order)
    account = order.account
    last = account.last_done
    if last is not None:
        last.next = order
        order.previous = last
    account.last_done = order


def last_fills(account: Account) -> tuple[list[Trade], list[Trade]]:
    """The fills that the account remembers, as maker and as taker."""
    maker, taker = account.maker_fills or [], account.taker_fills or []
    return maker[-MAX_ACCOUNT_FILLS:], taker[-MAX_ACCOUNT_FILLS:]
