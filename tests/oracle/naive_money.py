"""The commands of the naive engine that move money."""

from fractions import Fraction

from protocol import commands, events
from protocol.instrument import DecimalError, format_decimal, parse_decimal
from protocol.money import MovementKind
from protocol.units import Reason, Refusal
from tests.oracle.naive_accounts import NaiveAccounts
from tests.oracle.naive_checks import RefusedError, check_name
from tests.oracle.naive_ledger import NaiveLedger
from tests.oracle.naive_locks import NaiveLocks
from tests.oracle.naive_order import NaiveOrder

Movement = commands.Deposit | commands.Withdraw | commands.Transfer
Identified = Movement | commands.ResetAccount


class NaiveMoney(NaiveLocks, NaiveAccounts):
    def _deposit(self, command: commands.Deposit) -> None:
        self._check_names(command)
        amount = self._amount(command)
        what = ("deposit", command.asset, amount)
        if self._is_known(command, what):
            return
        self._check_may_begin(command.account, "account", command.asset, amount)
        self._begin_ledger(command.account)
        self._move(command.account, MovementKind.DEPOSIT, command.asset, amount, command.transfer_id)
        self.deposited[command.asset] += amount
        self._remember(command, what)

    def _withdraw(self, command: commands.Withdraw) -> None:
        self._check_names(command)
        amount = self._amount(command)
        what = ("withdraw", command.asset, amount)
        if self._is_known(command, what):
            return
        self._check_free(command.account, command.asset, amount)
        self._move(command.account, MovementKind.WITHDRAWAL, command.asset, -amount, command.transfer_id)
        self.deposited[command.asset] -= amount
        self._remember(command, what)

    def _transfer(self, command: commands.Transfer) -> None:
        self._check_names(command)
        if command.account == command.to:
            raise RefusedError(Refusal.SAME_ACCOUNT, "to")
        amount = self._amount(command)
        what = ("transfer", command.to, command.asset, amount)
        if self._is_known(command, what):
            return
        sender, to, asset = command.account, command.to, command.asset
        self._check_free(sender, asset, amount)
        self._check_may_begin(to, "to", asset, amount)
        self._move(sender, MovementKind.TRANSFER, asset, -amount, command.transfer_id, to)
        self._begin_ledger(to)
        self._move(to, MovementKind.TRANSFER, asset, amount, command.transfer_id, sender)
        self._remember(command, what)

    def _close_ledger(self, command: commands.CloseLedger) -> None:
        check_name("account", command.account)
        if command.account not in self.ledgers:
            raise RefusedError(Refusal.NO_LEDGER)
        if self._live_of(command.account):
            raise RefusedError(Refusal.OPEN_ORDERS)
        totals = self.ledgers[command.account].totals
        for asset in sorted(totals):
            self._change(command.account, asset, Fraction(0), "")
        del self.ledgers[command.account]
        self._said.append(events.LedgerSet(command.account, ledger=False))

    def _reset(self, command: commands.ResetAccount) -> None:
        self._check_names(command)
        balances = {
            asset: self._parse(asset, text, "balances", "balances", least=0)
            for asset, text in sorted(command.balances.items())
        }
        what = ("reset", {asset: amount for asset, amount in balances.items() if amount})
        if self._is_known(command, what):
            return
        self._check_account(command.account)
        live = self._live_of(command.account)
        if len(live) > self.limits.cancels:
            raise RefusedError(Refusal.OPEN_ORDERS)
        self._cancel_each(live, Reason.REQUESTED)
        before = self.ledgers.get(command.account, NaiveLedger()).totals
        self.ledgers[command.account] = NaiveLedger(before)
        self._said.append(events.LedgerSet(command.account, ledger=True))
        for asset in sorted({*before, *balances}):
            self._change(command.account, asset, balances.get(asset, Fraction(0)), command.transfer_id)
        self._remember(command, what)

    # What the commands refuse

    def _check_names(self, command: Identified) -> None:
        check_name("account", command.account)
        if isinstance(command, commands.Transfer):
            check_name("to", command.to)
        check_name("transfer_id", command.transfer_id)

    def _amount(self, command: Movement) -> Fraction:
        return self._parse(command.asset, command.amount, "asset", "amount", least=1)

    def _parse(self, asset: str, text: str, asset_field: str, amount_field: str, *, least: int) -> Fraction:
        """The amount, of so many of the asset's smallest units at least."""
        decimals = self.assets().get(asset)
        if decimals is None:
            raise RefusedError(Refusal.UNKNOWN_ASSET, asset_field, "takes an asset of an instrument")
        try:
            units = parse_decimal(text, decimals)
        except DecimalError as error:
            raise RefusedError(Refusal.INVALID_AMOUNT, amount_field, str(error)) from error
        if units < least:
            raise RefusedError(Refusal.INVALID_AMOUNT, amount_field, "takes more")
        return Fraction(units, 10**decimals)

    def _is_known(self, command: Identified, what: object) -> bool:
        """Whether the account has done the same under this transfer_id before. Something else is refused."""
        key = (command.account, command.transfer_id)
        if key not in self.transfers:
            return False
        if self.transfers[key] != what:
            raise RefusedError(Refusal.TRANSFER_ID_CONFLICT)
        self._said.append(events.TransferDuplicated(*key))
        return True

    def _remember(self, command: Identified, what: object) -> None:
        self.transfers[command.account, command.transfer_id] = what

    def _check_free(self, account: str, asset: str, amount: Fraction) -> None:
        if account not in self.ledgers:
            raise RefusedError(Refusal.NO_LEDGER)
        if amount > self.free(account, asset):
            raise RefusedError(Refusal.INSUFFICIENT_BALANCE)

    def _check_may_begin(self, account: str, field: str, asset: str, amount: Fraction) -> None:
        """Refuse to begin a ledger with so much if the account's live orders lock more, or another asset."""
        if account in self.ledgers:
            return
        self._check_account(account, field)
        live = self._live_of(account)
        locking = [order for order in live if self.reserved(order)]
        others = [order for order in locking if self.asset_of(order) != asset]
        if len(live) > self.limits.cancels or others or self.locked(account, asset) > amount:
            raise RefusedError(Refusal.OPEN_ORDERS)

    # What they do

    def _begin_ledger(self, account: str) -> None:
        if account not in self.ledgers:
            rates = {order.order_id: self._fee_cap(order) for order in self._live_of(account)}
            self.ledgers[account] = NaiveLedger()
            self._said.append(events.LedgerSet(account, ledger=True))
            for order in self._live_of(account):
                order.fee_cap = rates[order.order_id]

    def _change(self, account: str, asset: str, total: Fraction, transfer_id: str) -> None:
        """Deposit or withdraw what makes this the account's total."""
        difference = total - self.ledgers[account].totals[asset]
        if difference:
            kind = MovementKind.DEPOSIT if difference > 0 else MovementKind.WITHDRAWAL
            self._move(account, kind, asset, difference, transfer_id)
            self.deposited[asset] += difference

    def _move(
        self,
        account: str,
        kind: MovementKind,
        asset: str,
        amount: Fraction,
        transfer_id: str,
        counterparty: str | None = None,
    ) -> None:
        self.ledgers[account].totals[asset] += amount
        text = self.text_of(asset, amount)
        self._said.append(events.MoneyMoved(account, kind, asset, text, transfer_id, counterparty))

    def text_of(self, asset: str, amount: Fraction) -> str:
        decimals = self.assets()[asset]
        units = amount * 10**decimals
        assert units.denominator == 1, "an asset has the decimals that every amount of it needs"
        return format_decimal(int(units), decimals)

    def _live_of(self, account: str) -> list[NaiveOrder]:
        return [order for order in self.live() if order.account == account]
