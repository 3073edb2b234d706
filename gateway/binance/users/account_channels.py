"""The accounts of one matcher. All who hear one account share a channel: its updates are told once for each unit of
time."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from gateway.binance.desk import Desk
from gateway.binance.sockets.serving import CLOSING
from gateway.binance.users.balances import Wallet
from gateway.binance.users.teller import Teller
from gateway.http.closing import CloseFrame
from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError, RefusedError
from gateway.link.matcher_link import MatcherLink
from gateway.streams.serve import OpenChannels
from gateway.streams.user_channel import UserChannel, UserEncoders
from gateway.streams.user_client import UserClient
from gateway.streams.user_history import OpenOrders, UserHistory
from protocol.commands import OrderQuery
from protocol.events import AccountUpdate, OrderState
from protocol.instrument import Instrument
from protocol.units import Refusal

LEGS_AT_ONCE: Final = 20
"""Ended legs of lists that are looked up at a time."""

BEGINNINGS: Final = 3
"""How often the state of an account is asked for at most, where its updates are forgotten too soon."""

Hear = Callable[[list[bytes]], None]
"""Is handed the events of one command, in order."""


class Listener(UserClient):
    """A subscription. `lose` is called once, when it can tell no more without a hole."""

    def __init__(self, account: str, channel: UserChannel, hear: Hear, lose: Callable[[], None]) -> None:
        super().__init__(None, _never, 0)
        self.account = account
        self.channel = channel
        self._hear = hear
        self._lose: Callable[[], None] | None = lose
        self._listens = False

    def listen(self, since: int) -> None:
        """Hear what comes after this sequence."""
        self.since = since
        self._listens = True

    def offer(self, sequence: int, text: str) -> None:
        if self._listens and sequence > self.since and text:
            self._hear(text.encode().split(b"\n"))

    def hold(self, since: int) -> None:
        if self._listens:
            self._end()

    def end(self, frame: CloseFrame) -> None:
        self._end()

    def _end(self) -> None:
        self._listens = False
        lose, self._lose = self._lose, None
        if lose is not None:
            asyncio.get_running_loop().call_soon(lose)


class AccountChannels:
    """One for each matcher, worker and unit of time. beside: those of all matchers, this one's too."""

    def __init__(self, desk: Desk, broker: MatcherLink, unit: int, beside: "Sequence[AccountChannels]") -> None:
        self._desk = desk
        self._broker = broker
        self._unit = unit
        self._beside = beside
        self._history = UserHistory(broker)
        self._channels: OpenChannels[UserChannel] = OpenChannels(broker)
        self._tellers: dict[str, Teller] = {}
        self._beginning: dict[str, asyncio.Task[None]] = {}
        self._encoders = UserEncoders(_no_orders, _not_resumed, self._update)
        broker.on_open(self._matcher_is_back)

    async def enter(self, account: str, hear: Hear, lose: Callable[[], None]) -> Listener:
        """Be ready to hear the account. Fails as the link."""
        channel = self._channels.open(account, lambda: self._open(account))
        listener = Listener(account, channel, hear, lose)
        channel.clients.add(listener)
        try:
            await channel.prepare(listener)
            if account not in self._tellers:
                await self._begin(account)
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def listen(self, listener: Listener) -> None:
        """Hear the account from now on. MatcherUnavailableError where a new journal has begun meanwhile."""
        teller = self._tellers.get(listener.account)
        if teller is None:
            raise MatcherUnavailableError
        listener.listen(teller.sequence)

    def wallets(self, account: str) -> list[Wallet]:
        """What the account has in each shard where it is heard."""
        tellers = [channels._tellers.get(account) for channels in self._beside]
        return [teller.wallet for teller in tellers if teller is not None]

    def leave(self, listener: Listener) -> None:
        """The subscription is over."""
        channel = listener.channel
        self._channels.leave(listener.account, channel, listener)
        if self._channels.get(listener.account) in (None, channel) and not channel.clients:
            self._tellers.pop(listener.account, None)

    def _open(self, account: str) -> UserChannel:
        instruments = self._desk.exchange.instruments
        return UserChannel(account, self._broker, instruments, self._history, self._encoders, CLOSING, self._pace)

    def _pace(self) -> float:
        return len(self._channels) / 100

    def _matcher_is_back(self) -> None:
        for channel in self._channels:
            channel.matcher_is_back()

    async def _begin(self, account: str) -> None:
        """Know the account's lists and balances. Subscribers of one moment share the question."""
        task = self._beginning.get(account)
        if task is None:
            task = self._beginning[account] = asyncio.get_running_loop().create_task(self._ask(account))
            task.add_done_callback(lambda _: self._beginning.pop(account, None))
        await asyncio.shield(task)

    async def _ask(self, account: str) -> None:
        for _ in range(BEGINNINGS):
            found = await self._history.open_orders(account)
            if found is not None:
                await self._desk.exchange.instruments.know(found.value.orders)
                ended = await self._ended_legs(account, found.value.orders)
                if self._channels.get(account) is not None:
                    wallets = partial(self.wallets, account) if len(self._beside) > 1 else None
                    self._tellers.setdefault(account, Teller(self._unit, found, ended, wallets))
                return
        raise MatcherUnavailableError

    async def _ended_legs(self, account: str, live: list[OrderState]) -> list[OrderState]:
        """The other legs of lists of which one leg lives. One that nobody remembers is left out."""
        known = {state.order_id for state in live}
        missing = [
            order_id
            for state in live
            if state.oco_id is not None
            for order_id in (state.oco_id, state.oco_id + 1)
            if order_id not in known
        ]
        legs: list[OrderState | None] = []
        for number in range(0, len(missing), LEGS_AT_ONCE):
            some = missing[number : number + LEGS_AT_ONCE]
            legs += await asyncio.gather(*(self._leg(account, order_id) for order_id in some))
        return [leg for leg in legs if leg is not None]

    async def _leg(self, account: str, order_id: int) -> OrderState | None:
        try:
            return await self._desk.exchange.history.accounts.look_up(OrderQuery(order_id, account))
        except RefusedError as error:
            if error.refusal is not Refusal.UNKNOWN_ORDER:
                raise
            return None

    def _update(self, update: AccountUpdate, instruments: Mapping[str, Instrument]) -> str:
        teller = self._tellers.get(update.account)
        if teller is None:
            # Nobody has been promised this one.
            return ""
        return "\n".join(event.decode() for event in teller.tell(update, instruments))


def _no_orders(_: str, __: Stamped[OpenOrders], ___: Mapping[str, Instrument]) -> Iterator[str]:
    """A subscription begins without the orders."""
    return iter(())


def _not_resumed(_: str, __: int, ___: int) -> str:
    return ""


async def _never(_: Any) -> None:
    """A subscription has no beginning of its own."""
