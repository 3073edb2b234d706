"""Results of queries about money: balances, positions, movements, and the sums over all ledgers."""

from bisect import bisect_right
from itertools import islice
from typing import Final

from matcher.core.account import Account
from matcher.core.assets import Asset
from matcher.core.book import Book
from matcher.core.ledger import MAX_MOVEMENTS, Position
from matcher.core.payments import moved_by_fill
from matcher.core.registry import Registry
from matcher.core.settlement import last_fills
from matcher.serving.answers import order_state
from matcher.serving.money_answers import all_balances, asset_balance, sorted_assets, text_of
from protocol.commands import AccountQuery, AccountsQuery, BalancesQuery, MovementsQuery
from protocol.events import (
    AccountBalances,
    AccountList,
    AccountSummary,
    AssetBalance,
    AssetSum,
    Balances,
    CommandRefused,
    Movement,
    MovementPage,
    PositionState,
    Trade,
)
from protocol.instrument import FEE_DECIMALS, format_decimal
from protocol.units import Refusal

MAX_SUMMARY_ORDERS: Final = 100
"""Open orders that a summary of an account holds, the oldest ones."""

MAX_PAGE: Final = 1_000
"""Movements or accounts of one answer, at most."""


MAX_PAGE_BALANCES: Final = 5_000
"""After how many balances a page of accounts ends; its last account may have more."""


def balances(registry: Registry, query: BalancesQuery) -> Balances:
    account = registry.accounts.get(query.account)
    return Balances(query.account, _has_ledger(account), all_balances(registry, account))


def account_summary(registry: Registry, query: AccountQuery) -> AccountSummary:
    account = registry.accounts.get(query.account)
    orders = [] if account is None else list(islice(account.orders, MAX_SUMMARY_ORDERS + 1))
    return AccountSummary(
        query.account,
        _has_ledger(account),
        all_balances(registry, account),
        [order_state(order, []) for order in orders[:MAX_SUMMARY_ORDERS]],
        len(orders) > MAX_SUMMARY_ORDERS,
        [] if account is None else _positions(registry, account),
    )


def movements(registry: Registry, query: MovementsQuery) -> MovementPage | CommandRefused:
    """The last movements after the cursor, or the newest, oldest first. Those of one trade stay on one page."""
    if query.asset is not None and query.asset not in registry.assets:
        return CommandRefused(Refusal.UNKNOWN_ASSET, "asset", "takes an asset of an instrument")
    account = registry.accounts.get(query.account)
    if account is None or account.ledger is None:
        return MovementPage([], None)
    found = [each for each in _movements(registry, account) if query.asset in (None, each.asset)]
    limit = max(1, min(query.limit, MAX_PAGE))
    if query.after is None:
        start = max(0, len(found) - limit)
        while start and _cursor(found[start]) == _cursor(found[start - 1]):
            start -= 1
        return MovementPage(found[start:], None)
    start = bisect_right(found, query.after, key=_cursor)
    end = min(start + limit, len(found))
    while end < len(found) and _cursor(found[end]) == _cursor(found[end - 1]):
        end += 1
    return MovementPage(found[start:end], _cursor(found[end - 1]) if end < len(found) else None)


def account_list(registry: Registry, query: AccountsQuery) -> AccountList:
    """A page of accounts, and the sums over all. It looks at every ledger."""
    names = sorted(name for name, account in registry.accounts.items() if account.ledger is not None)
    start = bisect_right(names, query.after)
    accounts: list[AccountBalances] = []
    told = 0
    for name in names[start : start + max(1, min(query.limit, MAX_PAGE))]:
        account = registry.accounts[name]
        accounts.append(AccountBalances(name, _held(registry, account), sum(1 for _ in account.orders)))
        told += len(accounts[-1].balances)
        if told > MAX_PAGE_BALANCES:
            break
    following = accounts[-1].account if start + len(accounts) < len(names) else None
    return AccountList(accounts, following, [_sum(registry, names, asset) for asset in sorted_assets(registry)])


def _has_ledger(account: Account | None) -> bool:
    return account is not None and account.ledger is not None


def _held(registry: Registry, account: Account) -> list[AssetBalance]:
    ledger = account.ledger
    assert ledger is not None, "only accounts with a ledger are listed"
    pairs = [(asset, ledger.balance(asset)) for asset in sorted_assets(registry)]
    return [asset_balance(asset, balance) for asset, balance in pairs if balance.free or balance.locked]


def _sum(registry: Registry, names: list[str], asset: Asset) -> AssetSum:
    total = 0
    for name in names:
        ledger = registry.accounts[name].ledger
        if ledger is not None:
            balance = ledger.balance(asset)
            total += balance.free + balance.locked
    return AssetSum(
        asset.name,
        text_of(asset, total),
        text_of(asset, asset.fees),
        text_of(asset, asset.outside),
        text_of(asset, asset.deposited),
        total + asset.fees + asset.outside == asset.deposited,
    )


def _positions(registry: Registry, account: Account) -> list[PositionState]:
    if account.ledger is None:
        return []
    return [
        _position_state(registry.books[symbol], position)
        for symbol, position in sorted(account.ledger.positions.items())
    ]


def _position_state(book: Book, position: Position) -> PositionState:
    instrument = book.instrument
    decimals = instrument.value_decimals
    last_price = book.last_price or 0
    return PositionState(
        instrument.symbol,
        format_decimal(position.quantity, instrument.quantity_decimals),
        format_decimal(position.cost, decimals),
        format_decimal(position.cash + position.cost, decimals),
        format_decimal(position.quantity * last_price - position.cost, decimals),
        format_decimal(position.fees, decimals + FEE_DECIMALS),
        format_decimal(last_price, instrument.price_decimals),
    )


def _cursor(movement: Movement) -> tuple[int, int]:
    return movement.sequence, movement.trade_id


def _movements(registry: Registry, account: Account) -> list[Movement]:
    """All that are remembered, oldest first: the ledger's own, and those of the account's fills. Trades are whole."""
    ledger = account.ledger
    assert ledger is not None, "without one nothing moves"
    as_maker, as_taker = last_fills(account)
    found = ledger.movements[-MAX_MOVEMENTS:]
    for trades, is_maker in ((as_maker, True), (as_taker, False)):
        for trade in trades:
            if trade.sequence > ledger.since:
                found += _of_fill(registry.books[trade.symbol], trade, is_maker=is_maker)
    found.sort(key=_cursor)
    start = max(0, len(found) - MAX_MOVEMENTS)
    # A part of a trade would look like another trade.
    while 0 < start < len(found) and found[start].trade_id and _cursor(found[start]) == _cursor(found[start - 1]):
        start += 1
    return found[start:]


def _of_fill(book: Book, trade: Trade, *, is_maker: bool) -> list[Movement]:
    """What a fill has moved: base, quote, and the fee."""
    order_id = trade.maker_order_id if is_maker else trade.taker_order_id
    return [
        Movement(
            trade.sequence,
            trade.timestamp,
            kind,
            asset.name,
            text_of(asset, amount),
            symbol=trade.symbol,
            trade_id=trade.trade_id,
            order_id=order_id,
        )
        for kind, asset, amount in moved_by_fill(book.currencies, trade, is_maker)
    ]
