"""Batches go through in slices, one at a time, as large as fits in their time."""

import asyncio

from gateway.exchange.pace import MOST, SLICE_SECONDS, Pace


class Watch:
    """A clock on which each command takes `pace` seconds."""

    def __init__(self, pace: float) -> None:
        self.now = 0.0
        self.pace = pace

    def __call__(self) -> float:
        return self.now

    async def carry_out(self, pace: Pace, count: int) -> list[int]:
        """The sizes of the slices in which a batch of so many commands goes through."""
        sizes: list[int] = []
        while sum(sizes) < count:
            async with pace.slice(count - sum(sizes)) as size:
                await asyncio.sleep(0)
                self.now += size * self.pace
                sizes.append(size)
        return sizes


def test_fast_commands_go_in_large_slices() -> None:
    async def scenario() -> None:
        watch = Watch(SLICE_SECONDS / 1_000)
        assert await watch.carry_out(Pace(watch), 100) == [MOST, MOST, MOST, 100 - 3 * MOST]

    asyncio.run(scenario())


def test_slow_commands_go_one_by_one_and_fast_ones_grow_again() -> None:
    async def scenario() -> None:
        watch = Watch(2 * SLICE_SECONDS)
        pace = Pace(watch)
        assert await watch.carry_out(pace, MOST + 3) == [MOST, 1, 1, 1]
        watch.pace = 0
        assert await watch.carry_out(pace, 15) == [1, 2, 4, 8]

    asyncio.run(scenario())


def test_slices_of_several_batches_take_turns() -> None:
    async def scenario() -> None:
        watch = Watch(SLICE_SECONDS)
        pace = Pace(watch)
        await watch.carry_out(pace, MOST)
        order: list[str] = []

        async def batch(name: str) -> None:
            for _ in range(3):
                async with pace.slice(3) as size:
                    assert size == 1
                    await asyncio.sleep(0)
                    watch.now += watch.pace
                    order.append(name)

        await asyncio.gather(batch("a"), batch("b"))
        assert order == ["a", "b", "a", "b", "a", "b"]

    asyncio.run(scenario())


def test_a_batch_whose_client_has_gone_holds_up_nobody() -> None:
    async def scenario() -> None:
        watch = Watch(0)
        pace = Pace(watch)

        async def endless() -> None:
            async with pace.slice(1):
                await asyncio.Event().wait()

        task = asyncio.create_task(endless())
        await asyncio.sleep(0)
        task.cancel()
        assert await watch.carry_out(pace, 1) == [1]

    asyncio.run(scenario())
