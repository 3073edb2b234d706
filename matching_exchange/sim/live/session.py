"""One live run: the tasks that hear and send, and a clean end. All callbacks run in one event loop, one at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from heapq import heappop, heappush
from typing import Final

from matching_exchange.client.errors import NotFound, OutcomeUnknown, RateLimited, Unavailable
from matching_exchange.client.http.async_client import AsyncClient
from matching_exchange.client.streams.account import AccountItem
from matching_exchange.client.types.account_stream import AccountStart, AccountUpdate
from matching_exchange.client.types.orders import Problem
from matching_exchange.client.types.streams import Restarted
from matching_exchange.sim.chance import Chance
from matching_exchange.sim.durations import MILLISECOND, SECOND
from matching_exchange.sim.kernel.values import Order, OrderUpdate
from matching_exchange.sim.live.clock import now
from matching_exchange.sim.live.desk import NOT_OPEN, LiveDesk, Outgoing, Sent
from matching_exchange.sim.live.errors import LiveError
from matching_exchange.sim.live.feeds import Feed
from matching_exchange.sim.live.guard import Guard
from matching_exchange.sim.live.own import OwnOrders
from matching_exchange.sim.live.recorder import Recorder
from matching_exchange.sim.live.sender import Sender
from matching_exchange.sim.result.result import Result
from matching_exchange.sim.strategy import Strategy, overrides
from protocol.instrument import Instrument

BEGIN_SECONDS: Final = 10.0
"""How long the account's orders and the first books may take."""

END_SECONDS: Final = 10.0
"""How long each part of the end may take: what was sent is answered; own orders are canceled."""

LOOK_SECONDS: Final = 0.01
"""Between two looks at whether own orders are gone."""

BATCH: Final = 100
"""Orders of one call that cancels."""

PUT_OFF: Final = 3
"""How often the exchange's cancel-after is put off within its time."""

NOT_DONE: Final = (OutcomeUnknown, RateLimited, Unavailable)
"""What may go well the next time."""

UNKNOWN: Final = "unknown_order"

ABOVE_ALL: Final = 2**62
"""A trade_id that no trade has: a cursor with it stands behind all fills of its command."""


class LiveSession:
    """A strategy on a running exchange. `run_name` begins the names of its orders: no other run has it."""

    def __init__(
        self,
        client: AsyncClient,
        strategy: Strategy,
        name: str,
        run_name: str,
        instruments: list[Instrument],
        guard: Guard,
        *,
        cancel_at_end: bool,
        cancel_after: int | None,
    ) -> None:
        self._client = client
        self._strategy = strategy
        self._cancel_at_end = cancel_at_end
        self._cancel_after = cancel_after
        self._recorder = Recorder(instruments, name, now())
        self._late: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
        self._wakes: list[int] = []
        self._alarm = asyncio.Event()
        outgoing = Outgoing(self._send, self._late.put_nowait, self._wake)
        symbols = {instrument.symbol: instrument for instrument in instruments}
        self.desk = LiveDesk(name, symbols, Chance(run_name), outgoing, guard, self._noted)
        self._own = OwnOrders(self.desk, run_name)
        self._sender = Sender(client, self.desk, self._own)
        self._feeds = [Feed(client, strategy, self.desk, self._recorder, instrument) for instrument in instruments]
        self._hearing: list[asyncio.Task[None]] = []
        self._acting: list[asyncio.Task[None]] = []
        self._gone: set[Order] = set()
        """Those that the exchange has canceled at the end, told or not."""

    async def run(self, duration: int | None, stop: asyncio.Event) -> Result:
        """Trade until the time is over, or `stop` is set. Raises as `sim.live.run`."""
        ends_well = False
        try:
            await self._begin()
            await self._until_over(duration, stop)
            ends_well = True
        finally:
            await self._end(call_strategy=ends_well)
        return Result(self._recorder.finished(now()), {"run": "live"})

    async def _begin(self) -> None:
        account = self._client.stream_account()
        try:
            async with asyncio.timeout(BEGIN_SECONDS):
                start = await account.receive()
                for feed in self._feeds:
                    await feed.open()
        except TimeoutError as error:
            raise LiveError(f"the exchange has not told orders and books within {BEGIN_SECONDS:.0f} seconds") from error
        assert isinstance(start, AccountStart), "a new stream begins with the account's orders"
        self.desk.account.apply(start)
        self._own.sequence = start.sequence
        self._recorder.begins_with(self.desk.account)
        if overrides(self._strategy, "on_order"):
            self.desk.on_order = self._strategy.on_order
        works = [self._hear_account(account), self._sender.run(), self._tell_late()]
        self._hearing = [asyncio.create_task(work) for work in works]
        if self._cancel_after is not None:
            await self._put_off(self._cancel_after)
        self._strategy.on_start(self.desk)
        works = [self._wake_up()]
        if self._cancel_after is not None:
            works.append(self._keep_putting_off(self._cancel_after))
        for feed in self._feeds:
            works += [feed.trades(), feed.books(), *([feed.tell_books()] if feed.hears_books else [])]
        self._acting = [asyncio.create_task(work) for work in works]

    async def _until_over(self, duration: int | None, stop: asyncio.Event) -> None:
        """Wait for the end. Raises what any task raises."""
        stopping = asyncio.ensure_future(stop.wait())
        tasks = [*self._hearing, *self._acting]
        seconds = None if duration is None else duration / SECOND
        try:
            await asyncio.wait([stopping, *tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        for task in tasks:
            if task.done():
                task.result()
                raise LiveError("the exchange has ended a stream")

    async def _end(self, *, call_strategy: bool) -> None:
        """Stop acting, cancel what lives, and tell the strategy."""
        await _cancel(self._acting)
        self.desk.is_over = True
        if not call_strategy:
            self.desk.on_order = None
            self._sender.drop()
        if self._hearing:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    if not any(task.done() for task in self._hearing):
                        await self._sender.idle()
                        await self._told()
            self._sender.drop()
            with suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await self._cancel_own()
                    if self._cancel_after is not None:
                        with suppress(*NOT_DONE):
                            await self._put_off(0)
        failures = await _cancel(self._hearing)
        if call_strategy:
            for failure in failures:
                raise failure
            self._strategy.on_end(self.desk)
        left = [order for order in self.desk.orders() if order not in self._gone] if self._cancel_at_end else []
        if left:
            names = ", ".join(self._own.name_of(order) for order in left)
            raise LiveError(f"orders that may still be live, as the exchange has not answered: {names}")

    async def _told(self) -> None:
        """Wait until the account's stream has told what was answered."""
        while not self._hearing[0].done():
            if self._own.sequence >= self._sender.sequence:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _cancel_own(self) -> None:
        """Cancel until nothing lives, and until the account's stream has told so where it still runs."""
        while self._cancel_at_end and (live := self.desk.orders()):
            batch = [order for order in live if order not in self._gone][:BATCH]
            if batch:
                await self._cancel_batch(batch)
            elif self._hearing[0].done():
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _cancel_batch(self, orders: list[Order]) -> None:
        names = [f"client:{self._own.name_of(order)}" for order in orders]
        placing = self._sender.placing
        try:
            results = await self._client.cancel_batch(names)
        except NOT_DONE:
            return
        for order, result in zip(orders, results, strict=True):
            if isinstance(result, Problem) and result.code == UNKNOWN:
                # One that is on its way may still come.
                if order is not placing and order is not self._sender.placing:
                    self._unknown(order)
            elif not isinstance(result, Problem) or result.code == NOT_OPEN:
                self._gone.add(order)

    def _unknown(self, order: Order) -> None:
        name = self._own.name_of(order)
        if self._own.is_known(name):
            self._own.lost(name, now())
        else:
            self._own.refused(order, UNKNOWN)

    async def _put_off(self, duration: int) -> None:
        """Let the exchange cancel the account's orders so much later; 0 is never."""
        await self._client.cancel_after(duration // MILLISECOND)

    async def _keep_putting_off(self, duration: int) -> None:
        while True:
            await asyncio.sleep(duration / SECOND / PUT_OFF)
            # Where it fails for long, the exchange cancels the orders, and tells so.
            with suppress(*NOT_DONE):
                await self._put_off(duration)

    async def _hear_account(self, items: AsyncIterator[AccountItem]) -> None:
        async for item in items:
            self.desk.account.apply(item)
            if isinstance(item, AccountUpdate):
                self._own.updated(item)
            elif isinstance(item, AccountStart):
                await self._recover(item)
            elif isinstance(item, Restarted):
                raise LiveError(f"what was told of the orders does not hold any more: {item.reason}")

    async def _recover(self, start: AccountStart) -> None:
        """Look up what a hole of the account's stream has hidden."""
        states = self._own.among(start.orders)
        for name in self._own.missing(start.orders):
            try:
                states.append(await self._client.order(client_order_id=name))
            except NotFound:
                # One that the exchange has not told of is still on its way.
                if self._own.is_known(name):
                    self._own.lost(name, start.timestamp)
        after = f"{self._own.sequence}-{ABOVE_ALL}"
        fills = [fill async for fill in self._client.iter_fills(after=after)]
        self._own.recovered(states, fills, start.sequence)

    async def _wake_up(self) -> None:
        while True:
            self._alarm.clear()
            wait = (self._wakes[0] - now()) / SECOND if self._wakes else None
            if wait is None or wait > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._alarm.wait()
                continue
            heappop(self._wakes)
            self._strategy.on_wakeup(self.desk)
            await asyncio.sleep(0)

    async def _tell_late(self) -> None:
        while True:
            (await self._late.get())()

    def _wake(self, time: int) -> None:
        heappush(self._wakes, time)
        self._alarm.set()

    def _send(self, sent: Sent) -> None:
        self._sender.send(sent)

    def _noted(self, order: Order, update: OrderUpdate | None) -> None:
        self._recorder.noted(order, update, self.desk.books[order.symbol])


async def _cancel(tasks: list[asyncio.Task[None]]) -> list[Exception]:
    """End the tasks. Returns what they have raised."""
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return [failure for failure in ended if isinstance(failure, Exception)]
