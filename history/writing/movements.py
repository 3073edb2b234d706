"""Every change of an account's balance, as rows. The events say in order what moves.

The balance after each is counted back from the ledgers as they stand after the frame. So nothing is kept of them here
but who has one.
"""

from history.writing.rows import Row
from matcher.core.assets import Asset
from matcher.core.payments import moved_by_fill
from matcher.core.registry import Registry
from protocol.events import LedgerSet, MoneyMoved, Trade
from protocol.instrument import format_decimal, read_formatted
from protocol.money import MovementKind

_Link = tuple[str | None, str | None, str | None, int | None, int | None]
"""transfer_id, counterparty, symbol, trade_id, order_id."""


class Movements:
    """Notes the events of one frame in order, then gives its rows.

    ledgers: the accounts that have one, after the events so far.
    noted: whether the frame has moved anything.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.ledgers = {name for name, account in registry.accounts.items() if account.ledger is not None}
        self._moved: list[tuple[str, int, int, MovementKind, Asset, int, _Link]] = []
        self._sequence = 0
        self._places: dict[str, int] = {}

    @property
    def noted(self) -> bool:
        return bool(self._moved)

    def note_ledger(self, event: LedgerSet) -> None:
        if event.ledger:
            self.ledgers.add(event.account)
        else:
            self.ledgers.discard(event.account)

    def note_money(self, sequence: int, event: MoneyMoved) -> None:
        asset = self._registry.assets[event.asset]
        amount = read_formatted(event.amount, asset.decimals)
        link = (event.transfer_id or None, event.counterparty, None, None, None)
        self._note(event.account, sequence, event.kind, asset, amount, link)

    def note_trade(self, trade: Trade, maker: str, taker: str) -> None:
        """Note what a trade between these accounts moves of those that have ledgers."""
        currencies = self._registry.books[trade.symbol].currencies
        for account, is_maker in ((maker, True), (taker, False)):
            if account in self.ledgers:
                order_id = trade.maker_order_id if is_maker else trade.taker_order_id
                link = (None, None, trade.symbol, trade.trade_id, order_id)
                for kind, asset, amount in moved_by_fill(currencies, trade, is_maker):
                    self._note(account, trade.sequence, kind, asset, amount, link)

    def _note(self, account: str, sequence: int, kind: MovementKind, asset: Asset, amount: int, link: _Link) -> None:
        if sequence != self._sequence:
            self._sequence = sequence
            self._places.clear()
        place = self._places.get(account, 0)
        self._places[account] = place + 1
        self._moved.append((account, sequence, place, kind, asset, amount, link))

    def take(self, time: int) -> list[Row]:
        """The rows of the frame, which has run at that time."""
        rows: list[Row] = []
        balances: dict[tuple[str, str], int] = {}
        for account, sequence, place, kind, asset, amount, link in reversed(self._moved):
            key = account, asset.name
            balance = balances.get(key)
            if balance is None:
                balance = self._now(account, asset)
            balances[key] = balance - amount
            decimals = asset.decimals
            amounts = format_decimal(amount, decimals), format_decimal(balance, decimals)
            rows.append((account, sequence, place, time, kind + 0, asset.name, *amounts, *link))
        self._moved.clear()
        self._places.clear()
        rows.reverse()
        return rows

    def _now(self, account: str, asset: Asset) -> int:
        """What the account has, free and locked. Without a ledger that is nothing."""
        known = self._registry.accounts.get(account)
        if known is None or known.ledger is None:
            return 0
        balance = known.ledger.balance(asset)
        return balance.free + balance.locked
