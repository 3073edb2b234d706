"""Money where balances live in shards: each in the one that it was deposited to."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.exchange.money import Faucet, Money, Moved, Split, decimals_of
from gateway.exchange.shards.amounts import added_balances, joined_accounts
from gateway.exchange.shards.each import found_in_all
from gateway.exchange.shards.parts import Part, Parts
from gateway.link.answers import Stamped, expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError
from gateway.link.instruments import Instruments
from protocol.commands import AccountsQuery, Deposit, InstrumentsQuery, OrdersQuery, Withdraw
from protocol.events import AccountList, AccountSummary, Balances, InstrumentList, OrderPage, OrderState
from protocol.instrument import DecimalError, parse_decimal
from protocol.units import NAME_LENGTH, Refusal

MAX_TRANSFER_ID: Final = NAME_LENGTH - len(":31-31")
"""Characters of the transfer_id of a transfer between shards."""

BETWEEN_SHARDS: Final = re.compile(r":[0-9]{1,2}-[0-9]{1,2}")
"""The end of the id that both halves of a transfer between shards have. No other movement may have such an end: a
deposit of the same id would stand for the second half."""


class ShardedMoney(Money):
    """Calls that name no shard are about the first one; what an account has is the sum of all."""

    def __init__(self, parts: Parts, instruments: Instruments, faucet: Faucet) -> None:
        super().__init__(parts.first.link, instruments, faucet)
        self._parts = parts
        self._of = {part.number: Money(part.link, instruments, faucet) for part in parts}

    @property
    def shards(self) -> list[str]:
        return self._parts.names

    def at(self, shard: str | None) -> Money:
        return self._of[self._parts.first.number if shard is None else self._parts.named(shard).number]

    async def split(self, account: str) -> Split:
        found = await found_in_all(self._parts, lambda part: self._of[part.number].balances(account))
        first = found[0]
        total = Balances(
            account,
            any(each.value.ledger for each in found),
            added_balances(each.value.balances for each in found),
        )
        by_shard = dict(zip(self._parts.names, found, strict=True))
        return Split(Stamped(first.sequence, first.timestamp, total), by_shard)

    async def balances(self, account: str) -> Stamped[Balances]:
        return (await self.split(account)).total

    async def summary(self, account: str) -> Stamped[AccountSummary]:
        found = await found_in_all(self._parts, lambda part: self._of[part.number].summary(account))
        orders, more = _oldest([each.value for each in found])
        summary = AccountSummary(
            account,
            any(each.value.ledger for each in found),
            added_balances(each.value.balances for each in found),
            orders,
            more,
            sorted((position for each in found for position in each.value.positions), key=lambda each: each.symbol),
        )
        return Stamped(found[0].sequence, found[0].timestamp, summary)

    async def accounts(self, query: AccountsQuery) -> Stamped[AccountList]:
        found = await found_in_all(self._parts, lambda part: self._of[part.number].accounts(query))
        joined = joined_accounts([each.value for each in found], query.limit)
        return Stamped(found[0].sequence, found[0].timestamp, joined)

    async def between(self, account: str, asset: str, amount: str, source: str, target: str, transfer_id: str) -> Moved:
        """A withdrawal and then a deposit, under one id that is made of transfer_id and both numbers. What was done
        before is not done again, so the call may be repeated after any failure.

        OutcomeUnknownError: sent again, the call goes on. RefusedError: nothing was moved, unless its detail says so.
        """
        giver, taker = self._parts.named(source, "from_shard"), self._parts.named(target, "to_shard")
        if not taker.link.available:
            raise MatcherUnavailableError(f"the shard {target} is away")
        await self._check_taker(taker, account, asset, amount)
        name = f"{transfer_id}:{giver.number}-{taker.number}"
        withdrawn = await self._of[giver.number].move(Withdraw(account, asset, amount, name))
        try:
            deposited = await self._of[taker.number].move(Deposit(account, asset, amount, name))
        except MatcherUnavailableError as error:
            raise OutcomeUnknownError(f"withdrawn from {source}, not deposited to {target}") from error
        except RefusedError as error:
            detail = f"was withdrawn from {source} and not deposited to {target}: send the same transfer again later"
            raise RefusedError(error.refusal, error.field, detail) from error
        return Moved(withdrawn, deposited)

    async def _check_taker(self, taker: Part, account: str, asset: str, amount: str) -> None:
        """Refuse what the taker would refuse, before anything is withdrawn."""
        instruments = expect(InstrumentList, (await taker.link.query(InstrumentsQuery())).value).instruments
        decimals = decimals_of(instruments).get(asset)
        if decimals is None:
            raise RefusedError(Refusal.UNKNOWN_ASSET, "asset", f"takes an asset of the shard {taker.name}")
        try:
            parse_decimal(amount, decimals)
        except DecimalError as error:
            raise RefusedError(Refusal.INVALID_AMOUNT, "amount", f"{error}") from error
        if (await self._of[taker.number].balances(account)).value.ledger:
            return
        page = expect(OrderPage, (await taker.link.query(OrdersQuery(account=account, limit=1))).value)
        if page.orders:
            raise RefusedError(
                Refusal.OPEN_ORDERS, "account", f"has live orders and no ledger in the shard {taker.name}"
            )


def _oldest(found: Sequence[AccountSummary]) -> tuple[list[OrderState], bool]:
    """The orders that are surely the oldest of all, by time, and whether there are others."""
    orders = sorted((order for summary in found for order in summary.orders), key=_age)
    ends = [_age(summary.orders[-1]) for summary in found if summary.more and summary.orders]
    if not ends:
        return orders, any(summary.more for summary in found)
    end = min(ends)
    return [order for order in orders if _age(order) <= end], True


def _age(order: OrderState) -> tuple[int, int]:
    return order.timestamp, order.order_id
