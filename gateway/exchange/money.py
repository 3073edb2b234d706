"""Money of accounts: deposits, withdrawals, transfers, resets, the faucet, and what accounts have."""

import time
from typing import Final

from msgspec import Struct

from gateway.link.answers import Stamped, expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
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
from protocol.instrument import quote_decimals

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

    async def asset_decimals(self) -> dict[str, int]:
        """How many decimals each asset has now, at least. It may get more."""
        found: dict[str, int] = {}
        for instrument in await self._instruments.all():
            found[instrument.base] = max(found.get(instrument.base, 0), instrument.quantity_decimals)
            found[instrument.quote] = max(found.get(instrument.quote, 0), quote_decimals(instrument))
        return found

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
