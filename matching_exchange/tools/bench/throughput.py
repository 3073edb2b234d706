"""From PUSH to PUB through the real matcher process. A bare PULL -> PUB forwarder of messages of the same size is
measured for comparison.

Everything is counted at the receiver. Each command has its answer. Each trade is published once, in order. The last
published depth is that of the book. Market data is queued by its socket and read after the
round: it costs the client little.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from itertools import islice
from statistics import median
from typing import Final

import zmq

from matching_exchange.tools.bench.durability import scratch
from matching_exchange.tools.bench.exchange import MatcherProcess
from matching_exchange.tools.bench.forwarder import Forwarder
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.mix import SYMBOL, Mix
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.wire import PATIENCE, Frame, frames
from protocol import topics
from protocol.codec import decode_market_data
from protocol.commands import DepthQuery
from protocol.events import Depth
from protocol.market_data import DepthMessage, TradeMessage

FRAMES: Final = (1, 16, 256)
"""Commands a frame."""

UNDER_WAY: Final = 8_192
"""How many commands wait for their answers at once."""

FASTEST: Final = 600_000
"""Commands prepared for each second: more than any matcher answers."""

PUBLISHED_LEVELS: Final = 10


class PublishedCount:
    """A context manager: takes in the symbol's public trades and depth, from when it is entered on."""

    def __init__(self, market_data: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.RECONNECT_IVL, 2)
        self._socket.connect(market_data)
        self._trades: list[tuple[int, int, int]] = []
        self._depth: DepthMessage | None = None

    def __enter__(self) -> "PublishedCount":
        self._socket.subscribe(topics.trades(SYMBOL))
        self._socket.subscribe(topics.depth(SYMBOL))
        self._wait_for(lambda: self._depth is not None, "a first depth")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def check(self, trades: Sequence[tuple[int, int, int]], depth: Depth) -> None:
        """Wait for the last trade and the last depth. Raises BenchError if they do not come, or if earlier messages
        are missing."""
        self._wait_for(lambda: len(self._trades) >= len(trades), f"{len(trades)} trades")
        if self._trades != list(trades):
            raise BenchError("the trades that were published are not those of the answers")
        last = depth.bids, depth.asks
        self._wait_for(
            lambda: self._depth is not None and (self._depth.bids, self._depth.asks) == last, "the depth of the book"
        )

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise BenchError(f"{what} did not come over the market data socket; {len(self._trades)} trades did")
            if self._socket.poll(100):
                with suppress(zmq.Again):
                    while True:
                        self.take(self._socket.recv_multipart(zmq.NOBLOCK)[1])

    def take(self, payload: bytes) -> None:
        """Take in one message."""
        message = decode_market_data(payload)
        if isinstance(message, TradeMessage):
            if message.number != len(self._trades) + 1:
                raise BenchError(f"trade {message.number} was published after {len(self._trades)} trades")
            self._trades.append((message.trade_id, message.price, message.quantity))
        elif isinstance(message, DepthMessage):
            if self._depth is not None and self._depth.number not in (message.previous, message.number):
                raise BenchError(f"depth {message.number} was published after {self._depth.number}")
            self._depth = message


def throughput(plan: Plan) -> Iterator[Row]:
    """The suite."""
    plan.tell("preparing commands")
    commands = list(islice(Mix(plan.seed), int(plan.seconds * FASTEST)))
    one = bytes(next(frames(commands, 1)).commands)
    with ExitStack() as stack:
        forwarder = stack.enter_context(Forwarder(plan.directory / "forwarder.log"))
        for count in FRAMES:
            plan.tell(f"commands a frame: {count}")
            prepared = list(frames(commands, count))
            yield from rows(plan, forwarder, prepared, count, one)


def rows(plan: Plan, forwarder: Forwarder, prepared: Sequence[Frame], count: int, one: bytes) -> Iterator[Row]:
    same = bytes(prepared[0].commands)
    sender: list[float] = []
    forwarded: list[float] = []
    off, always, closed, bare_one, *bare = take_turns(
        plan.rounds,
        partial(commands_per_second, plan, prepared, "off", sender),
        partial(commands_per_second, plan, prepared, "always", sender),
        partial(commands_per_second, plan, prepared, "off", [], curve=True),
        partial(messages_per_second, plan, forwarder, one, UNDER_WAY, forwarded),
        *(() if count == 1 else (partial(messages_per_second, plan, forwarder, same, UNDER_WAY // count, forwarded),)),
    )
    name = f"{count} a frame"
    small = Yardstick(f"forwarder, {len(one):,} bytes", median(bare_one), "messages/s")
    alike = Yardstick(f"forwarder, {len(same):,} bytes", median(bare[0]), "messages/s") if bare else small
    yield row(f"{name}, sync off", spread(off), "commands/s", alike)
    yield row(f"{name}, sync always", spread(always), "commands/s", alike)
    yield row(f"{name}, sync off, CURVE", spread(closed), "commands/s", alike)
    # With frames of many commands, a matcher does far more work than a forwarder. Compare the small frames.
    target = {1: Target(0.2), 256: Target(0.45)}.get(count)
    yield row(
        f"{name}, off to a forwarder of 1 a frame", ratio(off, bare_one), "ratio", small, target, quick=plan.quick
    )
    target = Target(0.8) if count == max(FRAMES) else None
    yield row(f"{name}, always to off", ratio(always, off), "ratio", None, target, quick=plan.quick)
    yield row(
        f"{name}, sender busy",
        spread([each * 100 for each in sender]),
        "%",
        Yardstick("with forwarder", max(forwarded) * 100, "%"),
    )


def commands_per_second(
    plan: Plan, prepared: Sequence[Frame], sync: str, busy: list[float], *, curve: bool = False
) -> float:
    """One round with a new matcher."""
    with (
        scratch(plan, "throughput") as data,
        MatcherProcess(data, f"--sync={sync}", curve=curve) as matcher,
        matcher.connect() as wire,
    ):
        wire.open()
        with PublishedCount(matcher.market_data) as published:
            found = wire.run(iter(prepared), UNDER_WAY, plan.seconds)
            wire.check()
            depth = wire.query(DepthQuery(SYMBOL, PUBLISHED_LEVELS))
            assert isinstance(depth, Depth), "the symbol is known"
            published.check(wire.trades, depth)
    busy.append(found.busy)
    return found.per_second


def messages_per_second(plan: Plan, forwarder: Forwarder, payload: bytes, under_way: int, busy: list[float]) -> float:
    found = forwarder.run(payload, under_way, plan.seconds)
    busy.append(found.busy)
    return found.per_second
