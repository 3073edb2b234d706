"""The assets of all instruments: a new instrument brings its own, or makes known ones finer."""

from matcher.core.account import Account
from matcher.core.assets import Asset, Balance, Currencies
from matcher.core.book import Book
from matcher.core.locks import asset_of
from matcher.core.registry import Registry
from protocol.instrument import Instrument, quote_decimals


def add_book(registry: Registry, instrument: Instrument) -> Book:
    """Add the instrument's book. All amounts of its assets fit it from then on."""
    base = _asset(registry, instrument.base, instrument.quantity_decimals)
    quote = _asset(registry, instrument.quote, quote_decimals(instrument))
    book = Book(instrument, Currencies(base, quote, instrument), registry.running)
    registry.books[instrument.symbol] = book
    return book


def _asset(registry: Registry, name: str, decimals: int) -> Asset:
    """The asset, with at least so many decimals."""
    asset = registry.assets.get(name)
    if asset is None:
        registry.assets[name] = asset = Asset(name, len(registry.assets), decimals)
        if registry.ledgers:
            for account in registry.accounts.values():
                if account.ledger is not None:
                    account.ledger.balances.append(Balance())
    elif asset.decimals < decimals:
        _make_finer(registry, asset, decimals)
    return asset


def _make_finer(registry: Registry, asset: Asset, decimals: int) -> None:
    factor = int(10 ** (decimals - asset.decimals))
    asset.decimals = decimals
    asset.fees *= factor
    asset.outside *= factor
    asset.deposited *= factor
    for book in registry.books.values():
        book.currencies.fit(book.instrument)
    if registry.ledgers:
        for account in registry.accounts.values():
            _make_account_finer(account, asset, factor)


def _make_account_finer(account: Account, asset: Asset, factor: int) -> None:
    ledger = account.ledger
    if ledger is None:
        return
    balance = ledger.balance(asset)
    balance.free *= factor
    balance.locked *= factor
    for order in account.orders:
        if asset_of(order) is asset:
            order.reserved *= factor
