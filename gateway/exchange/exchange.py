"""All use cases of one worker, a family each."""

from collections.abc import Callable, Sequence
from functools import cached_property
from time import monotonic

from gateway.exchange.accounts import Accounts
from gateway.exchange.history import History
from gateway.exchange.maintenance import Maintenance
from gateway.exchange.markets import Markets
from gateway.exchange.money import Faucet, Money
from gateway.exchange.orders import Orders
from gateway.exchange.pace import Pace
from gateway.exchange.shards.accounts import ShardedAccounts
from gateway.exchange.shards.history import ShardedAccountHistory, ShardedHistory
from gateway.exchange.shards.money import ShardedMoney
from gateway.exchange.shards.parts import NO_PARTS, Parts
from gateway.injected.faults import InjectedFaults
from gateway.link.demo import NO_DEMO, DemoMarket
from gateway.link.group import Group
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link, OnBehalf
from gateway.link.tables import NO_TABLES, HistoryTables


class Exchange:
    """What every door of the gateway calls. Most calls need `orders`. Any other family is made when it is first used.

    asks_for_keys: whether the doors do.
    demo: the demo market beside it.
    faults: those that are injected; None where they are not allowed.
    parts: the shards behind the link; none where it is that of one matcher.
    groups: what is known of the nodes of replicated logs.
    """

    def __init__(
        self,
        link: Link,
        instruments: Instruments,
        faucet: Faucet = (),
        pace: Pace | None = None,
        tables: HistoryTables = NO_TABLES,
        *,
        asks_for_keys: bool = False,
        demo: DemoMarket = NO_DEMO,
        faults: InjectedFaults | None = None,
        groups: Sequence[Group] = (),
        parts: Parts = NO_PARTS,
    ) -> None:
        self._link = link
        self.groups = groups
        self.parts = parts
        self.asks_for_keys = asks_for_keys
        self.demo = demo
        self.faults = faults
        self._faucet = faucet
        self._pace = pace or Pace(monotonic)
        self.instruments = instruments
        self._tables = tables
        self.orders = Orders(link, instruments, self._pace)

    @cached_property
    def accounts(self) -> Accounts:
        if self.parts:
            return ShardedAccounts(self.parts, self.instruments)
        return Accounts(self._link, self.instruments)

    @cached_property
    def markets(self) -> Markets:
        return Markets(self._link, self.instruments)

    @cached_property
    def money(self) -> Money:
        if self.parts:
            return ShardedMoney(self.parts, self.instruments, self._faucet)
        return Money(self._link, self.instruments, self._faucet)

    @cached_property
    def maintenance(self) -> Maintenance:
        return Maintenance(self._link, self.instruments, [(part.name, part.link) for part in self.parts])

    @cached_property
    def over_shards(self) -> ShardedAccountHistory:
        """The lists of accounts over all shards, where there are any."""
        history = self.history
        assert isinstance(history, ShardedHistory), "there are shards"
        return history.over_shards

    @cached_property
    def history(self) -> History:
        if self.parts:
            return ShardedHistory(self.parts, self.instruments, self.orders, self._pace)
        return History(self._link, self.instruments, self.orders, self._tables)

    def now(self) -> int:
        """The matcher's time, in nanoseconds since 1970."""
        return self._link.now()

    def on_behalf(self, confirm: Callable[[], None], deadline: int | None) -> "Exchange":
        """The same for one call, as `OnBehalf` says."""
        parts = self.parts.on_behalf(confirm, deadline) if self.parts else NO_PARTS
        return self._with(OnBehalf(self._link, confirm, deadline), self._tables, parts)

    def of(self, symbol: str) -> "Exchange":
        """The same with the matcher alone that owns the symbol."""
        if not self.parts:
            return self
        part = self.parts.of(symbol)
        return self._with(part.link, part.tables, NO_PARTS)

    def _with(self, link: Link, tables: HistoryTables, parts: Parts) -> "Exchange":
        return Exchange(
            link,
            self.instruments,
            self._faucet,
            self._pace,
            tables,
            asks_for_keys=self.asks_for_keys,
            demo=self.demo,
            faults=self.faults,
            groups=self.groups,
            parts=parts,
        )
