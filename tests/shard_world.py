"""Several shards in one process: each an engine behind a broker that answers at once."""

import asyncio
from collections.abc import Sequence

from gateway.link.answers import Stamped
from gateway.link.broker import QUERY_REPEAT, QUERY_TIMEOUT, Broker
from gateway.link.errors import MatcherUnavailableError
from gateway.link.sharded import ShardedLink
from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.serving.queries import EngineQuery, answer_query
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from protocol.commands import Command, OwnCommand, Query, SetInstrument, SetShard
from protocol.events import Answer, Result
from protocol.instrument import Instrument
from protocol.shards import ShardMap, read_shards

TIME = 1_761_281_511_000_000_000


class StateBroker(Broker):
    """The broker of an engine that is there. ahead: nanoseconds by which its matcher's clock is ahead.

    taken, asked: what was sent to it.
    """

    def __init__(self, number: int, instruments: Sequence[Instrument]) -> None:
        super().__init__("", "", 5)
        self.state = State(Engine())
        self.away = False
        self.ahead = 0
        self.taken: list[Command] = []
        self.asked: list[Query] = []
        first: list[OwnCommand] = [SetShard(number)] if number else []
        self.carry_out(*first, *(SetInstrument.of(instrument) for instrument in instruments))

    def carry_out(self, *commands: OwnCommand) -> list[Answer]:
        reply, _ = self.state.apply(OWN_SESSION, 0, commands, TIME)
        return list(reply.answers)

    @property
    def digest(self) -> str:
        return digest(self.state.registry)

    @property
    def available(self) -> bool:
        return not self.away

    def now(self) -> int:
        return TIME + self.ahead

    def deadline(self) -> int:
        return self.now() + 5_000_000_000

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]":
        if self.away:
            raise MatcherUnavailableError("there is no matcher")
        self.taken.append(command)
        [answer] = self.carry_out(command)
        future: asyncio.Future[Stamped[Answer]] = asyncio.get_running_loop().create_future()
        future.set_result(Stamped(self.state.sequence, TIME, answer))
        return future

    async def query(
        self,
        query: Query,
        timeout: float = QUERY_TIMEOUT,  # noqa: ASYNC109
        repeat: float = QUERY_REPEAT,
    ) -> Stamped[Result]:
        if self.away:
            raise MatcherUnavailableError("there is no matcher")
        self.asked.append(query)
        assert isinstance(query, EngineQuery)
        return Stamped(self.state.sequence, TIME, answer_query(self.state.registry, query))


def map_of(*shards: Sequence[str]) -> ShardMap:
    """The map of these shards, each by its symbols; the last one is the default."""
    tables = [
        f'[[shard]]\nname = "s{number}"\nmatchers = ["a:{5000 + 10 * number}"]\nsymbols = {list(symbols)}\n'
        for number, symbols in enumerate(shards)
    ]
    return read_shards("\n".join(tables) + "default = true\n")


class World:
    """A link to these shards, each with the instruments that it owns."""

    def __init__(self, shard_map: ShardMap, instruments: Sequence[Instrument]) -> None:
        self.brokers = [
            StateBroker(
                shard.number, [each for each in instruments if shard_map.number_of(each.symbol) == shard.number]
            )
            for shard in shard_map.shards
        ]
        self.link = ShardedLink(shard_map, self.brokers)
