"""Several matchers as one link: each shard has a broker, and `routing` says which of them a message goes to."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from msgspec.structs import replace

from gateway.link.answers import Stamped
from gateway.link.broker import QUERY_REPEAT, QUERY_TIMEOUT, Broker
from gateway.link.errors import MatcherUnavailableError
from gateway.link.group import Group
from gateway.link.published import Handler, KeyHandler
from gateway.link.routing import WAYS, Way, order_of, symbol_of
from matching_exchange.process.histogram import Histogram
from protocol.commands import (
    AmendmentsQuery,
    AmendOrder,
    CancelOrder,
    CancelReplace,
    Command,
    OrderQuery,
    OrdersQuery,
    PlaceOco,
    PlaceOrder,
    Query,
)
from protocol.events import Answer, CommandRefused, OrderPage, OrderState, Result
from protocol.metrics import Family
from protocol.shards import ShardMap, first_order_id, shard_of_order
from protocol.units import OrderStatus, Refusal

CLOCK_TOLERANCE: Final = 1_000_000
"""Nanoseconds. Deadlines are not moved to the clock of a shard that differs by less from that of the first one."""

LIVE: Final = frozenset({OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})

Named = OrderQuery | AmendmentsQuery | CancelOrder | AmendOrder
"""What names one order."""


class ShardedLink:
    """brokers: one for each shard of the map, in its order. The time of all is that of the first one."""

    def __init__(self, shard_map: ShardMap, brokers: Sequence[Broker]) -> None:
        self.map = shard_map
        self.brokers = tuple(brokers)
        self.command_times = Histogram()
        for broker in self.brokers:
            broker.command_times = self.command_times
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Connect to every shard; each may come later."""
        for broker in self.brokers:
            await broker.start()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for broker in self.brokers:
            await broker.stop()

    def of(self, symbol: str) -> Broker:
        """The broker of the shard that owns the symbol."""
        return self.brokers[self.map.number_of(symbol)]

    def of_order(self, order_id: int) -> Broker:
        """The broker of the shard whose order this is. Any is asked for an order of a shard that is not there."""
        number = shard_of_order(order_id)
        if number < len(self.brokers):
            return self.brokers[number]
        return next((broker for broker in self.brokers if broker.available), self.brokers[0])

    @property
    def groups(self) -> list[Group]:
        """What is known of the nodes of all shards."""
        return [group for broker in self.brokers for group in broker.groups]

    @property
    def available(self) -> bool:
        """Whether any shard takes commands."""
        return any(broker.available for broker in self.brokers)

    @property
    def epoch(self) -> int:
        """That of the first shard."""
        return self.brokers[0].epoch

    @property
    def journal(self) -> str:
        """That of the first shard."""
        return self.brokers[0].journal

    @property
    def sequence(self) -> int:
        """That of the first shard."""
        return self.brokers[0].sequence

    def now(self) -> int:
        """The time of the first shard's matcher, in nanoseconds since 1970."""
        return self.brokers[0].now()

    def deadline(self) -> int:
        return self.brokers[0].deadline()

    @property
    def clock_difference(self) -> int:
        return self.brokers[0].clock_difference

    @property
    def submitted(self) -> int:
        """Commands that were sent to any shard."""
        return sum(broker.submitted for broker in self.brokers)

    @property
    def in_flight(self) -> tuple[int, int]:
        """Commands, and queries, that wait for any shard."""
        waiting = [broker.in_flight for broker in self.brokers]
        return sum(commands for commands, _ in waiting), sum(queries for _, queries in waiting)

    @property
    def metrics(self) -> list[Family]:
        """What all matchers have told last, each sample with the name of its shard."""
        return [
            labelled(family, "shard", shard.name)
            for shard, broker in zip(self.map.shards, self.brokers, strict=True)
            for family in broker.metrics
        ]

    def on_reset(self, callback: Callable[[], None]) -> None:
        """Call back when any shard's matcher has another history than before."""
        for broker in self.brokers:
            broker.on_reset(callback)

    def on_open(self, callback: Callable[[], None]) -> None:
        """Call back each time that any shard's matcher has welcomed its session."""
        for broker in self.brokers:
            broker.on_open(callback)

    def subscribe(self, account: str, handler: Handler) -> Callable[[], None]:
        """Hand each published update of the account to the handler, of all shards; the answer ends that."""
        ends = [broker.subscribe(account, handler) for broker in self.brokers]

        def unsubscribe() -> None:
            for end in ends:
                end()

        return unsubscribe

    def subscribe_keys(self, handler: KeyHandler) -> None:
        """As that of the first shard, which keeps the keys."""
        self.brokers[0].subscribe_keys(handler)

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]":
        """Send a command; the future of its answer, which fails as `command` does. MatcherUnavailableError at once
        where the shard is away."""
        broker = self._one(command)
        if broker is not None:
            return broker.submit(self._by_clock_of(broker, command))
        if not self.available:
            raise MatcherUnavailableError("there is no matcher")
        assert isinstance(command, CancelOrder | AmendOrder), "the use cases of several shards send it to each"
        return self._run(self._send_to_owner(command))

    async def command(self, command: Command) -> Stamped[Answer]:
        """Send a command and wait for its answer. MatcherUnavailableError: not taken. OutcomeUnknownError: taken or
        not."""
        return await self.submit(command)

    async def query(
        self,
        query: Query,
        timeout: float = QUERY_TIMEOUT,  # noqa: ASYNC109
        repeat: float = QUERY_REPEAT,
    ) -> Stamped[Result]:
        """Ask a query and wait for its result, as a broker does."""
        broker = self._one(query)
        if broker is not None:
            return await broker.query(query, timeout, repeat)
        if isinstance(query, OrdersQuery):
            return await self._page(query, timeout, repeat)
        assert isinstance(query, OrderQuery | AmendmentsQuery), "the use cases of several shards ask each"
        return await self._ask_owner(query, timeout, repeat)

    async def _page(self, query: OrdersQuery, seconds: float, repeat: float) -> Stamped[Result]:
        """Orders of all symbols, shard by shard. The cursors of a shard lie behind its first order_id."""
        number = shard_of_order(query.after)
        if number >= len(self.brokers):
            return Stamped(0, self.now(), OrderPage([], None))
        # The cursors of done orders of all accounts are numbers; the others are order_ids already.
        first = first_order_id(number)
        counted = first if query.done and query.account is None else 0
        after = 0 if query.after == first else query.after - counted
        result = await self.brokers[number].query(replace(query, after=after), seconds, repeat)
        page = result.value
        if not isinstance(page, OrderPage):
            return result
        following = None if page.next is None else page.next + counted
        if following is None and number + 1 < len(self.brokers):
            following = first_order_id(number + 1)
        return Stamped(result.sequence, result.timestamp, replace(page, next=following))

    def _one(self, message: Command | Query) -> Broker | None:
        """The broker of the only shard that the message goes to; None where it is looked for, or goes to all."""
        way = WAYS[type(message)]
        if way is Way.FIRST:
            return self.brokers[0]
        if way is Way.EACH:
            return None
        symbol = symbol_of(message)
        if symbol is not None:
            return self.of(symbol)
        order_id = order_of(message)
        return None if order_id is None else self.of_order(order_id)

    def _by_clock_of(self, broker: Broker, command: Command) -> Command:
        """The same command, with its deadline by the clock of that shard's matcher."""
        ahead = broker.now() - self.now()
        if abs(ahead) < CLOCK_TOLERANCE:
            return command
        if isinstance(command, PlaceOrder | PlaceOco) and command.deadline:
            return replace(command, deadline=max(1, command.deadline + ahead))
        if isinstance(command, CancelReplace) and command.place.deadline:
            place = replace(command.place, deadline=max(1, command.place.deadline + ahead))
            return replace(command, place=place)
        return command

    def _run(self, work: Coroutine[Any, Any, Stamped[Answer]]) -> "asyncio.Future[Stamped[Answer]]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _send_to_owner(self, command: CancelOrder | AmendOrder) -> Stamped[Answer]:
        owner = await self._owner(command, QUERY_TIMEOUT, QUERY_REPEAT)
        return owner if isinstance(owner, Stamped) else await owner.command(command)

    async def _ask_owner(self, query: OrderQuery | AmendmentsQuery, seconds: float, repeat: float) -> Stamped[Result]:
        owner = await self._owner(query, seconds, repeat)
        return owner if isinstance(owner, Stamped) else await owner.query(query, seconds, repeat)

    async def _owner(self, named: Named, seconds: float, repeat: float) -> Broker | Stamped[Any]:
        """The shard with the order that bears the client_order_id: a live one before done ones. What they say where
        none has it, or two have.

        MatcherUnavailableError where no shard has it, and one does not answer.
        """
        query = OrderQuery(None, named.account, named.client_order_id)

        async def ask(broker: Broker) -> Stamped[Result] | MatcherUnavailableError:
            try:
                return await broker.query(query, seconds, repeat)
            except MatcherUnavailableError as error:
                return error

        found = await asyncio.gather(*(ask(broker) for broker in self.brokers))
        known: list[tuple[Broker, OrderState]] = []
        refused: Stamped[Any] | None = None
        away: MatcherUnavailableError | None = None
        for broker, result in zip(self.brokers, found, strict=True):
            if isinstance(result, MatcherUnavailableError):
                away = result
            elif isinstance(result.value, OrderState):
                known.append((broker, result.value))
            elif isinstance(result.value, CommandRefused):
                refused = result
        live = [pair for pair in known if pair[1].status in LIVE]
        owners = live or known
        if len(owners) == 1:
            return owners[0][0]
        if owners:
            names = " and ".join(self.map.shards[self.brokers.index(broker)].name for broker, _ in owners)
            detail = f"orders of the shards {names} bear it: name the symbol, or the order_id"
            return Stamped(0, self.now(), CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT, "client_order_id", detail))
        if away is not None:
            raise away
        assert refused is not None, "a shard that answers knows the order or refuses"
        return refused


def labelled(family: Family, label: str, value: str) -> Family:
    """The same metric, each sample with one more label in front."""
    return replace(
        family,
        labels=(label, *family.labels),
        values=[((value, *values), number) for values, number in family.values],
        histograms=[((value, *values), counts, total) for values, counts, total in family.histograms],
    )
