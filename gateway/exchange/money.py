"""Money of accounts: deposits, withdrawals, transfers, resets, the faucet, and what accounts have."""

import time
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from gateway.link.answers import Stamped, expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, UnknownShardError
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from protocol.commands import (
    AccountQuery,
    AccountsQuery,
    BalancesQuery,
    CloseLedger,
    Deposit,
    ResetAccount,
    Transfer,
    Withdraw,
)
from protocol.events import (
    AccountList,
    AccountSummary,
    Balances,
    LedgerState,
    TransferState,
)
from protocol.instrument import Instrument, quote_decimals

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

Faucet = tuple[tuple[str, str], ...]
"""Assets and amounts that the faucet gives; empty where it is off."""


class Given(Struct, frozen=True):
    """What the faucet has given.

    duplicate: all of it was given before, this day.
    balances: the account's, after it.
    """

    duplicate: bool
    balances: Stamped[Balances]


class Split(Struct, frozen=True):
    """What an account has in all, and what of it in each shard; without shards, that is empty."""

    total: Stamped[Balances]
    shards: dict[str, Stamped[Balances]]


class Moved(Struct, frozen=True):
    """A transfer between shards: its withdrawal and its deposit."""

    withdrawn: TransferState
    deposited: TransferState


class Money:
    """Each call fails as the broker's. RefusedError where the matcher refuses."""

    def __init__(self, broker: Link, instruments: Instruments, faucet: Faucet) -> None:
        self._broker = broker
        self._instruments = instruments
        self.faucet = faucet

    async def move(self, command: Deposit | Withdraw | Transfer) -> TransferState:
        return expect(TransferState, (await self._broker.submit(command)).value)

    async def set_ledger(self, command: ResetAccount | CloseLedger) -> LedgerState:
        return expect(LedgerState, (await self._broker.submit(command)).value)

    @property
    def shards(self) -> list[str]:
        """The names of the shards; none where one matcher has every symbol."""
        return []

    def at(self, shard: str | None) -> "Money":
        """The same calls in the shard of that name, in the first one without a name. UnknownShardError where there is
        none."""
        if shard is not None:
            raise UnknownShardError(shard, [])
        return self

    async def split(self, account: str) -> Split:
        """The account's balances, and which of them are where."""
        return Split(await self.balances(account), {})

    async def between(self, account: str, asset: str, amount: str, source: str, target: str, transfer_id: str) -> Moved:
        """Move free money from one shard to another. UnknownShardError where there is none."""
        raise UnknownShardError(source, [], "from_shard")

    async def asset_decimals(self) -> dict[str, int]:
        """How many decimals each asset has now, at least. It may get more."""
        return decimals_of(await self._instruments.all())

    async def balances(self, account: str) -> Stamped[Balances]:
        answer = await self._broker.query(BalancesQuery(account))
        return Stamped(answer.sequence, answer.timestamp, expect(Balances, answer.value))

    async def summary(self, account: str) -> Stamped[AccountSummary]:
        answer = await self._broker.query(AccountQuery(account))
        summary = expect(AccountSummary, answer.value)
        await self._instruments.know(summary.orders)
        await self._instruments.know(summary.positions)
        return Stamped(answer.sequence, answer.timestamp, summary)

    async def accounts(self, query: AccountsQuery) -> Stamped[AccountList]:
        answer = await self._broker.query(query)
        return Stamped(answer.sequence, answer.timestamp, expect(AccountList, answer.value))

    async def give(self, account: str) -> Given:
        """Deposit what the faucet gives an account each day, one asset after the other.

        OutcomeUnknownError where the matcher goes away after the first deposit. Sent again the same day, the call goes
        on where it ended.
        """
        day = utc_day(self._broker.now())
        duplicate = True
        sent = False
        try:
            for command in faucet_deposits(account, self.faucet, day):
                given = await self.move(command)
                sent = True
                duplicate = duplicate and given.duplicate
            return Given(duplicate, await self.balances(account))
        except MatcherUnavailableError as error:
            if sent:
                raise OutcomeUnknownError("the matcher went away after the first deposit") from error
            raise


def decimals_of(instruments: Iterable[Instrument]) -> dict[str, int]:
    """How many decimals these instruments need for each asset."""
    found: dict[str, int] = {}
    for instrument in instruments:
        found[instrument.base] = max(found.get(instrument.base, 0), instrument.quantity_decimals)
        found[instrument.quote] = max(found.get(instrument.quote, 0), quote_decimals(instrument))
    return found


def faucet_deposits(account: str, faucet: Faucet, day: str) -> list[Deposit]:
    """The faucet's deposits of one day. The first one's id is `faucet-<day>`, the others' have their asset behind it:
    an id belongs to the account."""
    return [
        Deposit(account, asset, amount, f"faucet-{day}" if index == 0 else f"faucet-{day}:{asset}")
        for index, (asset, amount) in enumerate(faucet)
    ]


def utc_day(nanoseconds: int) -> str:
    """The day of a time since 1970 UTC, such as 2026-11-27."""
    return time.strftime("%Y-%m-%d", time.gmtime(nanoseconds // NANOSECONDS))
