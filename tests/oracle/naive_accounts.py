"""What the naive engine does to all orders of an account, at a command and as time goes on."""

from protocol import commands, events
from protocol.units import Reason, Refusal
from tests.oracle.naive_checks import RefusedError, check_name
from tests.oracle.naive_protection import NaiveProtection


class NaiveAccounts(NaiveProtection):
    def _set_status(self, command: commands.SetAccountStatus) -> None:
        check_name("account", command.account)
        self._check_account(command.account)
        self.accounts[command.account].suspended = command.suspended
        if command.suspended:
            self._cancel_account(command.account, Reason.ACCOUNT_SUSPENDED, self.limits.cancels)
        self._say_account(command.account)

    def _set_timer(self, command: commands.CancelAfter) -> None:
        check_name("account", command.account)
        self._check_account(command.account)
        self.accounts[command.account].cancel_at = self._stamp[1] + command.timeout if command.timeout else None
        self._say_account(command.account)

    def _move_timers(self, command: commands.MoveTimers) -> None:
        timers = [(account.cancel_at, name) for name, account in self.accounts.items() if account.cancel_at is not None]
        for cancel_at, name in sorted(timers):
            self.accounts[name].cancel_at = cancel_at + command.by
            self._say_account(name)
        self._move_halts(command.by)

    def _check_account(self, name: str, field: str = "account") -> None:
        """Refuse a new account beside as many as there may be: those with orders or a ledger, those that are
        suspended or have a timer."""
        known = {order.account for order in self.orders}
        known |= {name for name, account in self.accounts.items() if account.suspended or account.cancel_at is not None}
        known |= set(self.ledgers)
        if name not in known and len(known) >= self.limits.accounts:
            raise RefusedError(Refusal.TOO_MANY_ACCOUNTS, field, "there are as many as there may be")

    def _cancel_account(self, account: str, reason: Reason, most: int) -> bool:
        """Cancel so many of its orders; whether that were all."""
        orders = [order for order in self.live() if order.account == account]
        self._cancel_each(orders[:most], reason)
        return len(orders) <= most

    def _cancel_all_orders(self, command: commands.CancelAllOrders) -> None:
        check_name("cancel_client_order_id", command.cancel_client_order_id)
        self._cancel_id = command.cancel_client_order_id
        if command.symbol is not None:
            self._instrument(command.symbol)
        orders = [order for order in self.live() if order.account == command.account]
        orders = [order for order in orders if command.symbol in (None, order.entered.symbol)]
        self._cancel_each(orders[: self.limits.cancels], Reason.REQUESTED)

    def _advance(self) -> None:
        self._cancel_what_is_due()
        self._end_halts()

    def _cancel_what_is_due(self) -> None:
        time = self._stamp[1]
        expired = [order for order in self.live() if 0 < order.terms.expire_time < time]
        self._cancel_each(sorted(expired, key=lambda order: (order.terms.expire_time, order.order_id)), Reason.EXPIRED)
        timers = [(account.cancel_at, name) for name, account in self.accounts.items() if account.cancel_at is not None]
        silent = sorted(timer for timer in timers if timer[0] <= time)
        most = left = self.limits.cancels
        for number, (cancel_at, name) in enumerate(silent):
            if left <= 0 or (number >= most and cancel_at != silent[most - 1][0]):
                break
            before = len(self._said)
            if not self._cancel_account(name, Reason.CANCEL_AFTER, left):
                break
            left -= len(self._said) - before
            self.accounts[name].cancel_at = None
            self._say_account(name)

    def _say_account(self, name: str) -> None:
        account = self.accounts[name]
        self._said.append(events.AccountSet(name, account.suspended, account.cancel_at))
