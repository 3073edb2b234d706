"""Orders a second of the clients over ZeroMQ, beside `protocol.client.CommandClient`, through one matcher, sync off.

One in flight: each order waits for the answer to the one before. Many: up to UNDER_WAY wait for their answers. Each
answer is looked at: every order has an id of its own. Buys and sells at one price alternate, so the book stays small.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count
from statistics import median
from typing import Final

from matching_exchange.client.types.orders import Order
from matching_exchange.client.types.words import SideWord
from matching_exchange.client.zmq.async_client import AsyncZmqClient
from matching_exchange.client.zmq.client import ZmqClient
from matching_exchange.client.zmq.tickets import Ticket
from matching_exchange.tools.bench.durability import scratch
from matching_exchange.tools.bench.exchange import MatcherProcess
from matching_exchange.tools.bench.measure import BenchError, Plan, spread, take_named_turns
from matching_exchange.tools.bench.table import Row, Yardstick, row
from matching_exchange.tools.bench.wire import PATIENCE
from protocol.client import CommandClient
from protocol.commands import PlaceOrder
from protocol.events import Answer, OrderResult
from protocol.session import Answered
from protocol.units import OrderType, Side

SYMBOL: Final = "BTC-USDT"
UNDER_WAY: Final = 512
FRAME: Final = 256
"""Orders of one call of `send`."""

FRAMES_UNDER_WAY: Final = 3

WINDOW: Final = 1_024
"""Of the clients: more than all that is under way at once."""

ONE: Final = "one in flight"
MANY: Final = "many, 1 a call"
FRAMES: Final = f"many, {FRAME} a call"

COMMAND_CLIENT: Final = "CommandClient"

Calls = deque[list[Ticket[Answered]]]
Tickets = deque[Ticket[Order]]
"""What waits for its answers, oldest first."""


class Counted:
    """The orders that were answered."""

    def __init__(self, seconds: float) -> None:
        self._ids: set[int] = set()
        self._answered = 0
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """The time begins now."""
        self._started = time.perf_counter()
        self._end = self._started + self._seconds

    def goes_on(self) -> bool:
        return time.perf_counter() < self._end

    def take(self, order_id: int) -> None:
        self._ids.add(order_id)
        self._answered += 1

    def answer(self, answer: Answer) -> None:
        """That of a CommandClient, or of `send`."""
        if not isinstance(answer, OrderResult):
            raise BenchError(f"an order was answered by {answer}")
        self.take(answer.order_id)

    def per_second(self) -> float:
        seconds = time.perf_counter() - self._started
        if len(self._ids) != self._answered:
            raise BenchError(f"{self._answered} orders have {len(self._ids)} ids")
        return self._answered / seconds


def in_units(number: int) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "bench", _side(number), OrderType.LIMIT, 100_000, 6_000_000)


def _side(number: int) -> Side:
    return Side.BUY if number % 2 else Side.SELL


def _word(number: int) -> SideWord:
    return "buy" if number % 2 else "sell"


def clients(plan: Plan) -> Iterator[Row]:
    """The suite."""
    with scratch(plan, "clients") as data, MatcherProcess(data, "--sync=off") as matcher:
        endpoints = (matcher.commands, matcher.reports, matcher.market_data)
        with (
            CommandClient(matcher.commands, matcher.reports, PATIENCE) as command,
            ZmqClient(*endpoints, account="bench", timeout=PATIENCE, window=WINDOW, order_deadline=None) as client,
        ):
            ways: dict[str, dict[str, Callable[[Counted], None]]] = {
                ONE: {
                    COMMAND_CLIENT: partial(_command_one, command),
                    "ZmqClient.send": partial(_send_one, client),
                    "ZmqClient.place": partial(_place_one, client),
                    "AsyncZmqClient.place": partial(_run, endpoints, _async_one),
                },
                MANY: {
                    COMMAND_CLIENT: partial(_command_many, command, 1, UNDER_WAY),
                    "ZmqClient.send": partial(_send_many, client, 1, UNDER_WAY),
                    "ZmqClient.submit": partial(_submit_many, client),
                    "AsyncZmqClient.submit": partial(_run, endpoints, _async_many),
                },
                FRAMES: {
                    COMMAND_CLIENT: partial(_command_many, command, FRAME, FRAMES_UNDER_WAY),
                    "ZmqClient.send": partial(_send_many, client, FRAME, FRAMES_UNDER_WAY),
                    "AsyncZmqClient.send": partial(_run, endpoints, _async_frames),
                },
            }
            for kind, by_name in ways.items():
                plan.tell(kind)
                found = take_named_turns(
                    plan.rounds, {name: partial(_measure, plan, way) for name, way in by_name.items()}
                )
                beside = Yardstick(COMMAND_CLIENT, median(found[COMMAND_CLIENT]), "orders/s")
                for name, measured in found.items():
                    yardstick = None if name == COMMAND_CLIENT else beside
                    yield row(f"{kind}, {name}", spread(measured), "orders/s", yardstick)


def _measure(plan: Plan, way: Callable[[Counted], None]) -> float:
    counted = Counted(plan.seconds)
    way(counted)
    return counted.per_second()


def _command_one(client: CommandClient, counted: Counted) -> None:
    for number in count():
        if not counted.goes_on():
            return
        counted.answer(client.command(in_units(number)))


def _command_many(client: CommandClient, size: int, calls: int, counted: Counted) -> None:
    sent = received = 0
    while counted.goes_on() or received < sent:
        while counted.goes_on() and sent - received <= size * (calls - 1):
            client.send([in_units(sent + number) for number in range(size)])
            sent += size
        if received < sent:
            counted.answer(client.receive().answer)
            received += 1


def _send_one(client: ZmqClient, counted: Counted) -> None:
    for number in count():
        if not counted.goes_on():
            return
        counted.answer(client.send([in_units(number)])[0].result().answer)


def _place_one(client: ZmqClient, counted: Counted) -> None:
    for number in count():
        if not counted.goes_on():
            return
        counted.take(client.place(SYMBOL, _word(number), quantity="1.00", price=60_000).order_id)


def _send_many(client: ZmqClient, size: int, calls: int, counted: Counted) -> None:
    waiting: Calls = deque()
    while counted.goes_on() or waiting:
        while counted.goes_on() and len(waiting) < calls:
            waiting.append(client.send([in_units(number) for number in range(size)]))
        if waiting:
            for ticket in waiting.popleft():
                counted.answer(ticket.result().answer)


def _submit_many(client: ZmqClient, counted: Counted) -> None:
    waiting: Tickets = deque()
    for number in count():
        if counted.goes_on():
            waiting.append(client.submit(SYMBOL, _word(number), quantity="1.00", price=60_000))
        if not waiting:
            return
        if len(waiting) == UNDER_WAY or not counted.goes_on():
            counted.take(waiting.popleft().result().order_id)


def _run(
    endpoints: tuple[str, str, str], way: Callable[[AsyncZmqClient, Counted], Awaitable[None]], counted: Counted
) -> None:
    async def run() -> None:
        async with AsyncZmqClient(
            *endpoints, account="bench", timeout=PATIENCE, window=WINDOW, order_deadline=None
        ) as client:
            counted.begin()
            await way(client, counted)

    asyncio.run(run())


async def _async_one(client: AsyncZmqClient, counted: Counted) -> None:
    for number in count():
        if not counted.goes_on():
            return
        counted.take((await client.place(SYMBOL, _word(number), quantity="1.00", price=60_000)).order_id)


async def _async_many(client: AsyncZmqClient, counted: Counted) -> None:
    waiting: deque[asyncio.Future[Order]] = deque()
    for number in count():
        if counted.goes_on():
            waiting.append(client.submit(SYMBOL, _word(number), quantity="1.00", price=60_000))
        if not waiting:
            return
        if len(waiting) == UNDER_WAY or not counted.goes_on():
            counted.take((await waiting.popleft()).order_id)


async def _async_frames(client: AsyncZmqClient, counted: Counted) -> None:
    waiting: deque[list[asyncio.Future[Answered]]] = deque()
    while counted.goes_on() or waiting:
        while counted.goes_on() and len(waiting) < FRAMES_UNDER_WAY:
            waiting.append(client.send([in_units(number) for number in range(FRAME)]))
        if waiting:
            for future in waiting.popleft():
                counted.answer((await future).answer)
