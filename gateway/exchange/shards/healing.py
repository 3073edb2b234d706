"""Brings to each shard what it lacks of what all are to have: the statuses of accounts, and the copies of keys.

Every gateway does so, each time that a shard has welcomed it and every HEAL_SECONDS. The versions and keys are in the
shards, so nothing is lost with a gateway.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from gateway.exchange.accounts import Accounts
from gateway.exchange.shards.parts import Part, Parts
from gateway.link.answers import expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError
from gateway.link.instruments import Instruments
from gateway.link.key_copies import KeyCopies
from protocol.commands import AccountVersionsQuery, SetAccountStatus
from protocol.events import AccountVersion, AccountVersionList

HEAL_SECONDS: Final = 10.0

PAGE: Final = 1_000
"""Accounts of one answer."""

log = structlog.get_logger("gateway")

State = tuple[int, int, int]
"""The number and the epoch of a shard, and the sequence of its last change."""


class Healing:
    """on_open: calls back each time that a shard has welcomed this gateway."""

    def __init__(
        self,
        parts: Parts,
        instruments: Instruments,
        copies: KeyCopies,
        on_open: Callable[[Callable[[], None]], None],
    ) -> None:
        self._parts = parts
        self._copies = copies
        self._of = {part.number: Accounts(part.link, instruments) for part in parts}
        self._agreed: list[State] = []
        self._running: asyncio.Task[None] | None = None
        self._again = False
        self._ticking: asyncio.TimerHandle | None = None
        on_open(self.soon)

    def start(self) -> None:
        self._ticking = asyncio.get_running_loop().call_later(HEAL_SECONDS, self.start)
        self.soon()

    def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        if self._running is not None:
            self._running.cancel()

    def soon(self) -> None:
        """Compare the shards now. What is compared already may be too early."""
        self._again = True
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def done(self) -> None:
        """Wait until what has begun has ended."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        try:
            while self._again:
                self._again = False
                for heal in (self._statuses, self._keys):
                    try:
                        await heal()
                    except (MatcherUnavailableError, OutcomeUnknownError) as error:
                        # The shard's return, or the next tick, comes back to it.
                        log.debug("shards were not compared", reason=str(error))
                    except RefusedError as error:
                        log.error("a shard refuses what the others have", refusal=error.refusal.name)
        finally:
            self._running = None

    async def _keys(self) -> None:
        await self._copies.bring_up()

    async def _statuses(self) -> None:
        """Send each shard the newest status of the accounts of which it has an older one."""
        there = [part for part in self._parts if part.link.available]
        states = [(part.number, part.link.epoch, await _changed(part)) for part in there]
        if len(there) < 2 or states == self._agreed:
            return
        known = [await _versions(part) for part in there]
        newest: dict[str, AccountVersion] = {}
        for versions in known:
            for each in versions.values():
                other = newest.get(each.account)
                if other is None or _rank(each) > _rank(other):
                    newest[each.account] = each
        sent = False
        for part, versions in zip(there, known, strict=True):
            for each in newest.values():
                own = versions.get(each.account)
                if own is None or _rank(own) < _rank(each):
                    sent = True
                    await self._bring(part, each)
        if not sent:
            self._agreed = states

    async def _bring(self, part: Part, newest: AccountVersion) -> None:
        command = SetAccountStatus(newest.account, newest.suspended, newest.version)
        try:
            await self._of[part.number].suspend(command)
        except RefusedError as error:
            # The others are brought all the same.
            log.error("a shard refuses an account's status", shard=part.name, refusal=error.refusal.name)
            return
        log.info("an account's status was brought to a shard", shard=part.name, suspended=newest.suspended)


def _rank(each: AccountVersion) -> tuple[int, bool]:
    """Which of two statuses counts, as the matcher has it."""
    return each.version, each.suspended


async def _changed(part: Part) -> int:
    return expect(AccountVersionList, (await part.link.query(AccountVersionsQuery())).value).changed


async def _versions(part: Part) -> dict[str, AccountVersion]:
    found: dict[str, AccountVersion] = {}
    after: str | None = ""
    while after is not None:
        answer = await part.link.query(AccountVersionsQuery(PAGE, after))
        page = expect(AccountVersionList, answer.value)
        found.update((each.account, each) for each in page.accounts)
        after = page.next
    return found
