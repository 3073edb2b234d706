"""Whole accounts in all shards: cancel all orders, now or on silence, suspend."""

from collections.abc import Sequence

from msgspec.structs import replace

from gateway.exchange.accounts import MAX_TOLD, Accounts, Canceled
from gateway.exchange.shards.each import carried_out, outcomes_of
from gateway.exchange.shards.parts import Part, Parts
from gateway.link.errors import (
    NOT_TAKEN,
    UNKNOWN,
    MatcherUnavailableError,
    OutcomeUnknownError,
    RefusedError,
    ShardOutcome,
    ShardsOutcomeError,
    ShardsPendingError,
)
from gateway.link.instruments import Instruments
from protocol.commands import CancelAfter, CancelAllOrders, SetAccountStatus
from protocol.events import AccountState

NEW_VERSION = 0
"""Has the first shard that takes a status make its version."""

Suspended = tuple[AccountState, Canceled]


class ShardedAccounts(Accounts):
    """Each command goes to every shard and is journaled there."""

    def __init__(self, parts: Parts, instruments: Instruments) -> None:
        super().__init__(parts.first.link, instruments)
        self._parts = parts
        self._of = {part.number: Accounts(part.link, instruments) for part in parts}

    async def cancel_all(self, command: CancelAllOrders) -> Canceled:
        """ShardsOutcomeError where not every shard has answered. Sent again, the command goes on."""
        if command.symbol is not None:
            return await self._of[self._parts.of(command.symbol).number].cancel_all(command)

        async def cancel(part: Part) -> Canceled:
            return await self._of[part.number].cancel_all(command)

        return _joined(await carried_out(self._parts, cancel, lambda canceled: canceled.count))

    async def cancel_after(self, command: CancelAfter) -> AccountState:
        """A timer runs in each shard; the earliest is told. ShardsOutcomeError where not every shard has answered."""

        async def set_timer(part: Part) -> AccountState:
            return await self._of[part.number].cancel_after(command)

        states = await carried_out(self._parts, set_timer, lambda _: None)
        times = [state.cancel_at for state in states if state.cancel_at is not None]
        return replace(states[0], cancel_at=min(times, default=None))

    async def suspend(self, command: SetAccountStatus) -> tuple[AccountState, Canceled]:
        """The first shard that is there makes the version, the others take it.

        ShardsPendingError where some shards lack the status; the others have it. MatcherUnavailableError where no shard
        has taken it.
        """
        parts = list(self._parts)
        missing: dict[str, str] = {}
        done: list[Suspended] = []
        while parts and not done:
            part = parts.pop(0)
            try:
                done.append(await self._of[part.number].suspend(replace(command, version=NEW_VERSION)))
            except MatcherUnavailableError:
                missing[part.name] = NOT_TAKEN
            except OutcomeUnknownError:
                missing[part.name] = UNKNOWN
        if not done:
            if UNKNOWN in missing.values():
                raise ShardsOutcomeError({name: ShardOutcome(result) for name, result in missing.items()})
            raise MatcherUnavailableError("no shard is there")
        same = replace(command, version=done[0][0].version)

        async def set_status(part: Part) -> Suspended:
            return await self._of[part.number].suspend(same)

        for part, outcome in zip(parts, await outcomes_of(parts, set_status), strict=True):
            if isinstance(outcome, RefusedError):
                raise outcome
            if isinstance(outcome, MatcherUnavailableError | OutcomeUnknownError):
                missing[part.name] = UNKNOWN
            else:
                done.append(outcome)
        if missing:
            raise ShardsPendingError(list(missing))
        return done[0][0], _joined([canceled for _, canceled in done])


def _joined(each: Sequence[Canceled]) -> Canceled:
    orders = sorted(
        (order for canceled in each for order in canceled.orders), key=lambda order: (order.timestamp, order.order_id)
    )
    return Canceled(orders[:MAX_TOLD], sum(canceled.count for canceled in each))
