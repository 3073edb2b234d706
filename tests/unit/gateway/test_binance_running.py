"""Calls of one connection of the WebSocket API run beside each other, but none overtakes another one."""

import asyncio
from typing import TYPE_CHECKING, cast

from gateway.binance.wsapi.running import Running

if TYPE_CHECKING:
    from gateway.link.broker import Broker


class Line:
    """Takes commands as the broker does; each answer is given by the test."""

    def __init__(self) -> None:
        self.submitted = 0
        self.answers: list[asyncio.Future[None]] = []
        self.running = Running(cast("Broker", self))
        self.told: list[str] = []

    def submit(self) -> "asyncio.Future[None]":
        self.submitted += 1
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        return answer

    async def place(self, name: str, before: "asyncio.Future[None] | None" = None) -> None:
        """A call that may wait for something before its command."""
        self.running.sends_next()
        if before is not None:
            await before
        await self.submit()
        self.told.append(name)

    async def refuse(self, name: str) -> None:
        """A call that ends without a command."""
        self.told.append(name)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_the_next_order_begins_before_the_answer_to_the_one_before() -> None:
    async def complete() -> list[str]:
        line = Line()
        for name in ("a", "b"):
            await line.running.begin(line.place(name))
        assert (line.submitted, line.told) == (2, [])
        waiting = asyncio.ensure_future(line.running.wait())
        line.answers[0].set_result(None)
        await turns()
        assert (line.told, waiting.done()) == (["a"], False)
        line.answers[1].set_result(None)
        await waiting
        return line.told

    assert asyncio.run(complete()) == ["a", "b"]


def test_a_call_that_has_sent_nothing_is_waited_for() -> None:
    async def run() -> list[str]:
        line = Line()
        before: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def both() -> None:
            await line.running.begin(line.place("slow", before))
            await line.running.begin(line.place("next"))

        beginning = asyncio.ensure_future(both())
        await turns()
        assert line.submitted == 0
        before.set_result(None)
        await turns()
        assert line.submitted == 1
        line.answers[0].set_result(None)
        await turns()
        assert (line.submitted, line.told) == (2, ["slow"])
        line.answers[1].set_result(None)
        await beginning
        await line.running.wait()
        return line.told

    assert asyncio.run(run()) == ["slow", "next"]


def test_a_call_that_ends_at_once_holds_nothing_up() -> None:
    async def run() -> list[str]:
        line = Line()
        await line.running.begin(line.refuse("a"))
        await line.running.begin(line.refuse("b"))
        await line.running.wait()
        return line.told

    assert asyncio.run(run()) == ["a", "b"]
