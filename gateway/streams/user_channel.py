"""One account's orders inside this worker: all its clients share a subscription, and each update is encoded once.

The matcher keeps the last updates of each account that it is told to watch. Each update names the one before it. The
channel asks the matcher for missing updates, and delivers in order. The last update before a silence may be lost too,
so the channel asks again from time to time.

Updates outlive a restart of the matcher: the channel asks for those after the last one that it knows. If the matcher no
longer keeps them, every client gets a fresh start.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from gateway.http.closing import START_AGAIN, CloseFrame, Closing
from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError
from gateway.link.instruments import Instruments
from gateway.link.matcher_link import MatcherLink
from gateway.streams.channels import Channel
from gateway.streams.user_client import UserClient
from gateway.streams.user_history import OpenOrders, UserHistory
from protocol.events import AccountUpdate, AccountUpdates
from protocol.instrument import Instrument

LIVE_UPDATES_WAITING: Final = 1_000
"""Live updates that wait at most while missing ones are asked for. The oldest beyond them are asked for too."""

READY_SECONDS: Final = 1.0
"""Time that a new client waits for the matcher to watch the account."""

RETRY_SECONDS: Final = 0.25
"""Time after which a failed query is asked again."""

FIRST_CHECK_SECONDS: Final = 0.05
CHECK_SECONDS: Final = 1.0
IDLE_CHECK_SECONDS: Final = 5.0
"""Times until the matcher is asked for lost updates: after the subscription, after an update, and the longest.

Each time without an update doubles, up to the longest.
"""


class UserEncoders(Struct, frozen=True):
    """Make the messages of an account's stream. All symbols are among the instruments.

    orders: the parts of a fresh start.
    resumed: that updates after a sequence follow; account, sequence, time (nanoseconds).
    update: all changes of one command.
    """

    orders: Callable[[str, Stamped[OpenOrders], Mapping[str, Instrument]], Iterator[str]]
    resumed: Callable[[str, int, int], str]
    update: Callable[[AccountUpdate, Mapping[str, Instrument]], str]


class FreshStart:
    """The messages of a fresh start, which tell everything up to `sequence`."""

    def __init__(self, sequence: int, texts: list[str]) -> None:
        self.sequence = sequence
        self.texts = texts


class UserChannel(Channel[UserClient]):
    """`pace` gives the least time between two checks for lost updates, in seconds: many channels share the matcher."""

    def __init__(
        self,
        account: str,
        broker: MatcherLink,
        instruments: Instruments,
        history: UserHistory,
        encoders: UserEncoders,
        closing: Closing,
        pace: Callable[[], float],
    ) -> None:
        super().__init__(closing)
        self._encoders = encoders
        self._account = account
        self._broker = broker
        self._instruments = instruments
        self._history = history
        self._pace = pace
        self._check_delay = FIRST_CHECK_SECONDS
        # Everything up to it was delivered. None before the matcher watches the account.
        self._position: int | None = None
        # Sequence and time of the last delivered update.
        self._told: tuple[int, int] | None = None
        self._epoch = 0
        self._waiting: deque[AccountUpdate] = deque(maxlen=LIVE_UPDATES_WAITING)
        self._ready = asyncio.Event()
        self._ask_again = False
        self._collecting: asyncio.Task[FreshStart | None] | None = None
        self._unsubscribe = broker.subscribe(account, self._receive)
        self._ask()

    def close(self) -> None:
        super().close()
        self._unsubscribe()
        if self._collecting is not None:
            self._collecting.cancel()

    def new_client(self, after: int | None = None) -> UserClient:
        """A client that knows everything up to the sequence `after`, or nothing."""
        client = UserClient(after, self._begin, self._closing.too_slow)
        client.hold(self._position or 0)
        return client

    async def prepare(self, client: UserClient) -> None:
        """Wait until the matcher watches the account. MatcherUnavailableError without a matcher."""
        if self._position is None:
            self._ask()
        try:
            await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
        except TimeoutError as error:
            raise MatcherUnavailableError from error
        if not self._broker.available:
            raise MatcherUnavailableError

    def matcher_is_back(self) -> None:
        """A matcher is there again, or another one. Updates may be lost."""
        self._check_delay = FIRST_CHECK_SECONDS
        self._ask()

    def _receive(self, update: AccountUpdate) -> None:
        if self._asking is not None:
            self._waiting.append(update)
        elif self._position is None or not self._joins_on(update, self._position):
            self._waiting.append(update)
            self._ask()
        elif update.sequence > self._position:
            self._deliver(update)

    def _joins_on(self, update: AccountUpdate, position: int) -> bool:
        """Whether no update is missing before this one, and all its symbols are known."""
        return update.previous <= position and self._instruments.unknown(update.orders) is None

    def _check_now(self) -> None:
        self._check_delay = min(2 * self._check_delay, IDLE_CHECK_SECONDS)
        super()._check_now()

    def _check_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + max(seconds, self._pace())
        if self._check is None or self._check.when() > due:
            if self._check is not None:
                self._check.cancel()
            self._check = loop.call_at(due, self._check_now)

    def _ask(self) -> None:
        # A query in flight may be too early for the latest loss.
        self._ask_again = True
        super()._ask()

    async def _catch_up(self) -> None:
        """Deliver what the matcher has after `_position` until the live updates join on."""
        try:
            while self._ask_again:
                self._ask_again = False
                if self._position is None:
                    await self._watch()
                await self._deliver_missing()
                await self._join_waiting()
        except RefusedError:
            # Tell the waiting clients.
            self._ready.set()
            raise
        except (MatcherUnavailableError, OutcomeUnknownError):
            # The return of the matcher makes the channel ask, too.
            self._check_delay = RETRY_SECONDS
        self._check_within(self._check_delay)

    async def _watch(self) -> None:
        """Have the matcher keep the updates from now on."""
        self._start_afresh(await self._history.watch(self._account))
        self._ready.set()

    def _start_afresh(self, position: int) -> None:
        """Go on after `position`. Updates before it are missing, so every client needs a new beginning."""
        self._position = position
        self._told = None
        for client in self.clients:
            client.hold(position)

    async def _deliver_missing(self) -> None:
        position = self._position
        assert position is not None
        newest = max(position, self._waiting[-1].sequence) if self._waiting else position
        epoch, told = self._broker.epoch, self._told
        # Another matcher must know the last delivered update.
        verify = epoch != self._epoch and told is not None
        after = told[0] - 1 if verify and told is not None else position
        answer = await self._history.updates(self._account, after)
        missed = answer.value
        if answer.sequence < newest or (
            verify and missed.complete and missed.watched and not _begins_with(missed, told)
        ):
            self._end_all(newest)
        elif not missed.watched:
            self._position = None
            self._ask_again = True
        elif not missed.complete:
            self._start_afresh(answer.sequence)
        else:
            self._epoch = epoch
            for update in missed.updates:
                await self._instruments.know(update.orders)
                if update.sequence > position:
                    self._deliver(update)
            if missed.next is None:
                self._position = answer.sequence
            else:
                self._position = max(position, missed.next)
                self._ask_again = True

    def _end_all(self, newest: int) -> None:
        """The matcher has another history than the delivered one, up to the sequence `newest`."""
        self.end_clients(CloseFrame(START_AGAIN, f"the exchange has lost what it had told up to sequence {newest}"))
        self._position = None
        self._waiting.clear()
        self._ask_again = True

    async def _join_waiting(self) -> None:
        """Deliver the waiting updates, up to the first gap."""
        while self._waiting and self._position is not None:
            update = self._waiting[0]
            if update.sequence > self._position:
                if update.previous > self._position:
                    self._ask_again = True
                    return
                if self._instruments.unknown(update.orders) is not None:
                    await self._instruments.know(update.orders)
                    # More may have come meanwhile, and pushed the oldest out.
                    continue
                self._deliver(update)
            self._waiting.popleft()

    def _deliver(self, update: AccountUpdate) -> None:
        self._position = update.sequence
        self._told = update.sequence, update.timestamp
        text = self._encoders.update(update, self._instruments.known)
        for client in self.clients:
            client.offer(update.sequence, text)
        self._check_delay = CHECK_SECONDS
        self._check_within(CHECK_SECONDS)

    async def _begin(self, client: UserClient) -> None:
        """Tell the client a piece of its beginning."""
        try:
            if client.after is None:
                await self._tell_orders(client)
            else:
                await self._tell_missed(client, client.after)
        except RefusedError as error:
            client.end(self._frame_of(error))
        except MatcherUnavailableError:
            await asyncio.sleep(RETRY_SECONDS)

    async def _tell_missed(self, client: UserClient, after: int) -> None:
        """Send the updates after that sequence. If the matcher no longer has them, the client gets a fresh start."""
        answer = await self._history.updates(self._account, after)
        missed = answer.value
        if after > answer.sequence or not (missed.watched and missed.complete):
            client.after = None
            return
        for update in missed.updates:
            await self._instruments.know(update.orders)
        if not client.resumed:
            client.resumed = True
            client.tell([self._encoders.resumed(self._account, after, answer.timestamp)])
        client.tell([self._encoders.update(update, self._instruments.known) for update in missed.updates])
        client.after = answer.sequence if missed.next is None else missed.next
        if missed.next is None and client.after >= client.since:
            client.go_on(client.after)

    async def _tell_orders(self, client: UserClient) -> None:
        """A fresh start."""
        start = await self._fresh_start()
        if start is None:
            # The account may not be watched any more.
            self._ask()
            await asyncio.sleep(RETRY_SECONDS)
        elif start.sequence >= client.since:
            client.tell(start.texts)
            client.go_on(start.sequence)

    async def _fresh_start(self) -> FreshStart | None:
        """A fresh start for this client. One in flight may be too early for it. None where the matcher gave none."""
        if self._collecting is None:
            self._collecting = asyncio.get_running_loop().create_task(self._collect())
            self._collecting.add_done_callback(_look_at)
        return await asyncio.shield(self._collecting)

    async def _collect(self) -> FreshStart | None:
        try:
            start = await self._history.open_orders(self._account)
            if start is None:
                return None
            await self._instruments.know(start.value.orders)
            texts = []
            for text in self._encoders.orders(self._account, start, self._instruments.known):
                texts.append(text)
                # Other streams go on meanwhile.
                await asyncio.sleep(0)
            return FreshStart(start.sequence, texts)
        finally:
            self._collecting = None


def _look_at(task: "asyncio.Task[FreshStart | None]") -> None:
    """Mark the exception as seen: its waiters have it, or have gone."""
    if not task.cancelled():
        task.exception()


def _begins_with(missed: AccountUpdates, told: tuple[int, int] | None) -> bool:
    return bool(missed.updates) and (missed.updates[0].sequence, missed.updates[0].timestamp) == told
