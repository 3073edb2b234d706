"""A state with money: commands one by one, each with its answer and with what watched accounts hear of it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from matcher.engine import Engine
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.commands import OwnCommand, SetInstrument, WatchAccount
from protocol.events import AccountUpdate, Answer, AssetBalance, LedgerState, OrderResult, OrderState, TransferState
from protocol.instrument import Instrument
from tests.money_tape import COIN, GOLD
from tests.tape import time_of

Pairs = dict[str, tuple[str, str]]
"""Free and locked by asset."""


class Teller:
    def __init__(self, *instruments: Instrument) -> None:
        self.state = State(Engine())
        self.updates: list[AccountUpdate] = []
        """What the last command told."""
        for instrument in instruments or (COIN, GOLD):
            self.do(SetInstrument.of(instrument))

    def do(self, command: OwnCommand) -> Answer:
        time = time_of(self.state.sequence + 1)
        reply, [caused] = self.state.apply(OWN_SESSION, 0, [command], time)
        self.updates = caused.updates
        return reply.answers[0]

    def moves(self, command: OwnCommand) -> TransferState:
        answer = self.do(command)
        assert isinstance(answer, TransferState), answer
        return answer

    def sets(self, command: OwnCommand) -> LedgerState:
        answer = self.do(command)
        assert isinstance(answer, LedgerState), answer
        return answer

    def places(self, command: OwnCommand) -> OrderResult | OrderState:
        answer = self.do(command)
        assert isinstance(answer, OrderResult | OrderState), answer
        return answer

    def watch(self, *accounts: str) -> None:
        for account in accounts:
            self.do(WatchAccount(account))

    def told(self, account: str) -> Pairs | None:
        """The balances in the one update that the last command made for the account."""
        [update] = [update for update in self.updates if update.account == account]
        return None if update.balances is None else pairs(update.balances.balances)

    def from_snapshot(self) -> "Teller":
        """What a snapshot brings back."""
        other = Teller()
        with TemporaryDirectory() as name:
            other.state = read_snapshot(write_snapshot(Path(name), self.state, "journal", 1))[1]
        return other


def pairs(balances: list[AssetBalance]) -> Pairs:
    return {balance.asset: (balance.free, balance.locked) for balance in balances}
