"""A second matching engine, written to be read rather than to be fast: the oracle for the tests of the real one.

It shares no code with the matcher. All orders stand in one list, each with a ticket, its place in line, drawn anew
whenever it loses it; a queue is a search through that list, sorted. Nothing is ever forgotten. No lock is kept: it is
computed from its order whenever it is asked for, and what an order would pay now is tried on a copy of the engine. Not
known here: LoadBook.
"""

from protocol import commands, events
from protocol.commands import PlaceOco, PlaceOrder
from protocol.units import Reason
from tests.oracle.naive_amends import NaiveAmends
from tests.oracle.naive_checks import RefusedError, changed_instrument, check_name
from tests.oracle.naive_entry import NaiveEntry
from tests.oracle.naive_matching import NaiveMatching
from tests.oracle.naive_money import NaiveMoney


class NaiveEngine(NaiveEntry, NaiveMatching, NaiveAmends, NaiveMoney):
    def is_due(self, time: int) -> bool:
        """Whether a command at that time must have an AdvanceTime before it."""
        if any(account.cancel_at is not None and account.cancel_at <= time for account in self.accounts.values()):
            return True
        if any(0 < instrument.halted_until <= time for instrument in self.instruments.values()):
            return True
        return any(0 < order.terms.expire_time < time for order in self.live())

    def apply(self, sequence: int, time: int, command: commands.OwnCommand) -> list[events.Event]:
        self._begin(sequence, time)
        try:
            self._dispatch(command)
        except RefusedError as error:
            return [events.CommandRefused(*error.args)]
        while self._takers:
            if self._moves > self.limits.trigger_moves:
                self._trades_left = 0
            taker = self._takers.pop(0)
            if self._has_fired_short(taker):
                self._cancel(taker, Reason.INSUFFICIENT_BALANCE)
            else:
                self._run(taker)
        self._follow_run()
        self._halt()
        return self._said

    def _dispatch(self, command: commands.OwnCommand) -> None:  # noqa: C901 - one case a command
        match command:
            case PlaceOrder():
                self._place(command)
            case PlaceOco():
                self._place_oco(command)
            case commands.CancelOrder():
                self._cancel_named(command)
            case commands.CancelReplace():
                self._cancel_replace(command)
            case commands.CancelAllOrders():
                self._cancel_all_orders(command)
            case commands.AmendOrder():
                self._amend(self._find_live(command), command)
            case commands.SetInstrument():
                self._set_instrument(changed_instrument(self.instruments.get(command.symbol), command))
            case commands.SetLimits():
                self.limits = command
            case commands.SetAccountStatus():
                self._set_status(command)
            case commands.CancelAfter():
                self._set_timer(command)
            case commands.AdvanceTime():
                self._advance()
            case commands.MoveTimers():
                self._move_timers(command)
            case commands.WatchAccount(account):
                check_name("account", account)
                self._said.append(events.AccountWatched(account))
            case commands.Deposit():
                self._deposit(command)
            case commands.Withdraw():
                self._withdraw(command)
            case commands.Transfer():
                self._transfer(command)
            case commands.CloseLedger():
                self._close_ledger(command)
            case commands.ResetAccount():
                self._reset(command)
            case commands.RefuseCommand():
                raise RefusedError(command.refusal, "", command.detail)
            case commands.LoadBook():
                raise NotImplementedError
