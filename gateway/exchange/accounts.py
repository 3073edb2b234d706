"""Whole accounts: cancel all orders, now or on silence, suspend."""

from typing import Final, TypeVar

from msgspec import Struct

from gateway.link.answers import expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from protocol.commands import CancelAfter, CancelAllOrders, Command, SetAccountStatus
from protocol.events import AccountState, OrderState, OrderStates

MAX_TOLD: Final = 10_000
"""Canceled orders that one answer holds at most."""

Kind = TypeVar("Kind", OrderStates, AccountState)


class Canceled(Struct):
    """The first MAX_TOLD orders that were canceled, and the count of all."""

    orders: list[OrderState]
    count: int


class Accounts:
    def __init__(self, broker: Link, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def cancel_all(self, command: CancelAllOrders) -> Canceled:
        _, canceled = await self._cancel_many(command, OrderStates)
        return canceled

    async def suspend(self, command: SetAccountStatus) -> tuple[AccountState, Canceled]:
        """Suspend the account, or let it trade again. Returns its state and the canceled orders."""
        return await self._cancel_many(command, AccountState)

    async def cancel_after(self, command: CancelAfter) -> AccountState:
        return expect(AccountState, (await self._broker.submit(command)).value)

    async def _cancel_many(self, command: Command, kind: type[Kind]) -> tuple[Kind, Canceled]:
        """Carry the command out to its end: the matcher does a bounded part each time that it is sent.

        OutcomeUnknownError where the matcher goes away between two parts. Sent again, the command goes on.
        """
        canceled = Canceled([], 0)
        result = expect(kind, (await self._broker.submit(command)).value)
        while True:
            canceled.count += len(result.orders)
            canceled.orders += result.orders[: MAX_TOLD - len(canceled.orders)]
            try:
                if not result.more:
                    await self._instruments.know(canceled.orders)
                    return result, canceled
                result = expect(kind, (await self._broker.submit(command)).value)
            except MatcherUnavailableError as error:
                raise OutcomeUnknownError("the matcher went away after the command") from error
