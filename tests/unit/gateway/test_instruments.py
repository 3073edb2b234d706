"""What a worker knows of instruments, and how it asks for what it does not."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec import structs

from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError, RefusedError
from gateway.link.instruments import Instruments
from protocol.commands import InstrumentsQuery, Query
from protocol.events import InstrumentList
from protocol.units import Refusal
from tests.unit.gateway.fakes import BTC, FakeBroker, eventually

if TYPE_CHECKING:
    from gateway.link.broker import Broker

NEW = structs.replace(BTC, symbol="NEW-USDT")


class SlowBroker(FakeBroker):
    """Answers a query, with what holds when it is asked, after the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: list[asyncio.Event] = []

    async def query(self, query: Query, timeout: float = 2.0, repeat: float = 0.5) -> Stamped[Any]:  # noqa: ASYNC109
        gate = asyncio.Event()
        self.gates.append(gate)
        result = self.results[InstrumentsQuery]
        await gate.wait()
        return Stamped(1, 1, result)


def test_many_unknown_symbols_are_one_question() -> None:
    async def scenario() -> None:
        broker = SlowBroker()
        instruments = Instruments(cast("Broker", broker))
        callers = [asyncio.ensure_future(instruments.find(symbol)) for symbol in ["BTC-USDT"] * 50]
        await eventually(lambda: len(broker.gates) == 1)
        broker.gates[0].set()
        assert await asyncio.gather(*callers) == [BTC] * 50
        assert len(broker.gates) == 1

    asyncio.run(scenario())


def test_a_question_that_was_sent_before_the_call_does_not_answer_it() -> None:
    """The symbol may have been added, and that answered, since the question was sent."""

    async def scenario() -> None:
        broker = SlowBroker()
        instruments = Instruments(cast("Broker", broker))
        early = asyncio.ensure_future(instruments.find("NEW-USDT"))
        await eventually(lambda: len(broker.gates) == 1)
        late = [asyncio.ensure_future(instruments.find("NEW-USDT")) for _ in range(3)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(broker.gates) == 1
        broker.results[InstrumentsQuery] = InstrumentList([BTC, NEW])
        broker.gates[0].set()
        with pytest.raises(RefusedError):
            await early
        await eventually(lambda: len(broker.gates) == 2)
        broker.gates[1].set()
        assert await asyncio.gather(*late) == [NEW] * 3
        assert len(broker.gates) == 2

    asyncio.run(scenario())


def test_a_question_without_an_answer_is_asked_again_by_the_next_caller() -> None:
    async def scenario() -> None:
        broker = FakeBroker()
        instruments = Instruments(cast("Broker", broker))
        broker.results[InstrumentsQuery] = MatcherUnavailableError("")
        for _ in range(2):
            with pytest.raises(MatcherUnavailableError):
                await instruments.find("BTC-USDT")
        broker.results[InstrumentsQuery] = InstrumentList([BTC])
        assert await instruments.find("BTC-USDT") == BTC

    asyncio.run(scenario())


def test_a_caller_that_goes_away_does_not_take_the_question_along() -> None:
    async def scenario() -> None:
        broker = SlowBroker()
        instruments = Instruments(cast("Broker", broker))
        going, staying = (asyncio.ensure_future(instruments.find("BTC-USDT")) for _ in range(2))
        await eventually(lambda: len(broker.gates) == 1)
        going.cancel()
        await asyncio.sleep(0)
        broker.gates[0].set()
        assert await staying == BTC

    asyncio.run(scenario())


@pytest.mark.parametrize("symbol", ["", "btc", "A B", "." * 3, "A" * 33, "BTC-USDT\n"])
def test_what_cannot_be_a_symbol_is_not_asked_for(symbol: str) -> None:
    async def scenario() -> None:
        broker = FakeBroker()
        with pytest.raises(RefusedError) as caught:
            await Instruments(cast("Broker", broker)).find(symbol)
        assert caught.value.refusal is Refusal.UNKNOWN_SYMBOL
        assert broker.queries == []

    asyncio.run(scenario())
