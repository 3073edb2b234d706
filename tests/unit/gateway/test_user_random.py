"""An account's stream under random orders, losses, doublings, delays, restarts and clients that come, go and come
back."""

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import AccountUpdatesQuery, BalancesQuery, OrdersQuery, WatchAccount
from protocol.events import AssetBalance
from tests.unit.gateway.accounts import ACCOUNT, LIVE, PATH, Accounts, Reader
from tests.unit.gateway.fakes import Gateway
from tests.unit.gateway.streams import StreamClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from protocol.events import AccountUpdate

STEPS = 400


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RETRY_SECONDS", "FIRST_CHECK_SECONDS", "CHECK_SECONDS", "IDLE_CHECK_SECONDS"):
        monkeypatch.setattr(f"gateway.streams.user_channel.{name}", 0.001)
    monkeypatch.setattr("gateway.streams.user_channel.LIVE_UPDATES_WAITING", 5)
    monkeypatch.setattr("gateway.native.json.user_messages.PART_ORDERS", 7)


class Scenario:
    """One run; what it does depends on the seed and nothing else."""

    def __init__(self, gateway: Gateway, seed: int) -> None:
        self.gateway = gateway
        self.random = Random(seed)
        self.accounts = Accounts(gateway)
        self.accounts.page = self.random.choice((2, 5, 50))
        self.accounts.kept = self.random.choice((4, 20, 1_000))
        self.readers: list[Reader] = []
        self.delayed: list[AccountUpdate] = []
        self.left: list[Reader] = []

    async def run(self) -> None:
        steps: list[Callable[[], Awaitable[None]]] = [
            *[self.trade] * 30,
            *[self.pass_time] * 8,
            *[self.come] * 2,
            self.come_back,
            self.leave,
            self.restart,
            self.forget,
        ]
        for _ in range(STEPS):
            await self.random.choice(steps)()
        await self.come()
        self.accounts.place()
        for reader in self.readers:
            await reader.read_up_to(self.accounts.sequence)
            self.check(reader)

    def check(self, reader: Reader) -> None:
        """It knows the open orders, and was told each update since its last beginning, once, in order."""
        assert reader.orders == self.accounts.open_views()
        assert reader.balances == self.accounts.balance_views()
        assert reader.began is not None
        told = [update.sequence for update in self.accounts.updates[ACCOUNT] if update.sequence > reader.began]
        assert reader.since_beginning == told

    async def trade(self) -> None:
        """A command of the account; its update is published, lost, said twice or late."""
        live = [order_id for order_id, state in self.accounts.orders.items() if state.status in LIVE]
        action = self.random.randrange(10) if live else 0
        if self.random.random() < 0.3:
            update = self.pay()
        elif action < 5:
            update = self.accounts.place(published=False)
        elif action < 8:
            update = self.accounts.fill(self.random.choice(live), published=False)
        else:
            update = self.accounts.cancel(*self.random.sample(live, min(len(live), action - 7)), published=False)
        if ACCOUNT in self.accounts.watched:
            fate = self.random.randrange(10)
            if fate == 0:
                self.delayed.append(update)
            elif fate > 2:
                for _ in range(2 if fate == 3 else 1):
                    self.gateway.broker.publish(update)
        if self.random.random() < 0.3:
            self.accounts.others(self.random.randrange(1, 4))

    def pay(self) -> "AccountUpdate":
        """Some balances change, or the ledger ends."""
        if self.random.random() < 0.1:
            return self.accounts.pay(ledger=False, published=False)
        assets = self.random.sample(("BTC", "ETH", "USDT"), self.random.randrange(1, 4))
        changed = [
            AssetBalance(asset, str(self.random.randrange(9)), str(self.random.randrange(9))) for asset in assets
        ]
        return self.accounts.pay(*changed, published=False)

    async def pass_time(self) -> None:
        for _ in range(self.random.randrange(6)):
            await asyncio.sleep(0)
        if self.random.random() < 0.3:
            await asyncio.sleep(0.002)
        self.random.shuffle(self.delayed)
        while self.delayed:
            self.gateway.broker.publish(self.delayed.pop())
        for reader in self.readers:
            if self.random.random() < 0.5:
                while reader.client.waiting():
                    await reader.read()

    async def come(self) -> None:
        self.readers.append(Reader(await StreamClient(self.gateway, PATH).accepted()))

    async def come_back(self) -> None:
        if self.left:
            before = self.left.pop()
            client = await StreamClient(self.gateway, f"{PATH}&after={before.sequence}").accepted()
            self.readers.append(Reader(client, before.sequence, before.orders, before.balances))

    async def leave(self) -> None:
        if self.readers:
            reader = self.readers.pop(self.random.randrange(len(self.readers)))
            await reader.client.leave()
            if reader.sequence is not None and reader.complete:
                self.left.append(reader)

    async def restart(self) -> None:
        """The matcher is away for a while; what is published meanwhile, and at first afterwards, is lost."""
        broker = self.gateway.broker
        results = dict(broker.results)
        broker.available = False
        for kind in (AccountUpdatesQuery, BalancesQuery, OrdersQuery):
            broker.results[kind] = MatcherUnavailableError("")
        broker.answers[WatchAccount] = MatcherUnavailableError("")
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)
        broker.results.update(results)
        broker.answers[WatchAccount] = self.accounts.watch
        broker.epoch += 1
        broker.available = True
        for _ in range(self.random.randrange(4)):
            self.accounts.place(published=False)
        for callback in broker.openings:
            callback()

    async def forget(self) -> None:
        """Too many other accounts were watched."""
        if ACCOUNT in self.accounts.watched:
            self.accounts.forget()
            self.delayed.clear()
            if self.random.random() < 0.5:
                self.accounts.place()


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_and_nothing_is_said_twice(seed: int) -> None:
    with Gateway() as gateway:
        gateway.run(Scenario(gateway, seed).run())
