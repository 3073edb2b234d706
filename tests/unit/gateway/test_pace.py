"""Batches go through in slices, one at a time, as large as fits in their time."""

import asyncio

from gateway.exchange.pace import FIRST, MOST, SLICE_SECONDS, Pace


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
        batch = pace.batch()
        while sum(sizes) < count:
            async with batch.slice(count - sum(sizes)) as size:
                await asyncio.sleep(0)
                self.now += size * self.pace
                sizes.append(size)
        return sizes


def test_fast_commands_go_in_ever_larger_slices() -> None:
    async def scenario() -> None:
        watch = Watch(SLICE_SECONDS / 1_000)
        assert await watch.carry_out(Pace(watch), 100) == [FIRST, 8, 16, MOST, MOST, 8]

    asyncio.run(scenario())


def test_slow_commands_go_one_by_one_after_the_first_few() -> None:
    async def scenario() -> None:
        watch = Watch(2 * SLICE_SECONDS)
        assert await watch.carry_out(Pace(watch), FIRST + 3) == [FIRST, 1, 1, 1]

    asyncio.run(scenario())


def test_slices_of_several_batches_take_turns() -> None:
    async def scenario() -> None:
        watch = Watch(SLICE_SECONDS)
        pace = Pace(watch)
        order: list[str] = []

        async def batch(name: str) -> None:
            own = pace.batch()
            for _ in range(3):
                async with own.slice(10):
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
            async with pace.batch().slice(1):
                await asyncio.Event().wait()

        task = asyncio.create_task(endless())
        await asyncio.sleep(0)
        task.cancel()
        assert await watch.carry_out(pace, 1) == [1]

    asyncio.run(scenario())
