"""Tickets, streams and the thread of callbacks: who hears what, and what ends them."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from matching_exchange.client.errors import Disconnected, OutcomeUnknown, Refused
from matching_exchange.client.zmq.callbacks import Callbacks
from matching_exchange.client.zmq.stream import ITEMS_WAITING, Sink, ZmqStream
from matching_exchange.client.zmq.tickets import Ticket

PATIENCE = 20.0


def ticket(later: Callable[[Callable[[], None]], None] = lambda _: None) -> Ticket[int]:
    return Ticket(threading.Lock(), PATIENCE, later, lambda _done, _seconds: None)


def test_a_waiting_thread_is_woken() -> None:
    waited: Ticket[int] = ticket()
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(waited.result())) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert not waited.done()
    waited.settle(7)
    for thread in threads:
        thread.join(PATIENCE)
    assert results == [7, 7, 7]
    assert waited.done()


def test_an_error_is_raised_each_time() -> None:
    failed = ticket()
    error = Refused("price_off_tick", "")
    failed.settle(error)
    for _ in range(2):
        with pytest.raises(Refused):
            failed.result()
    assert failed.exception() is error


def test_without_an_answer_the_outcome_of_what_was_sent_is_unknown() -> None:
    waited = ticket()
    with pytest.raises(Disconnected):
        waited.result(0)
    waited.under.sent, waited.under.client_order_id = True, "x"
    with pytest.raises(OutcomeUnknown) as caught:
        waited.result(0.001)
    assert caught.value.client_order_id == "x"
    waited.settle(7)
    assert waited.result() == 7, "it may still come"


def test_callbacks_of_before_and_after_the_answer() -> None:
    tasks: list[Callable[[], None]] = []
    called: list[int] = []
    waited = ticket(tasks.append)
    waited.add_done_callback(lambda done: called.append(done.result()))
    assert not tasks
    waited.settle(7)
    waited.add_done_callback(lambda done: called.append(done.result() + 1))
    for task in tasks:
        task()
    assert called == [7, 8]


def test_a_failed_callback_is_reported_and_the_thread_goes_on() -> None:
    callbacks = Callbacks("test", lambda _: None)
    errors: list[Exception] = []
    done = threading.Event()
    callbacks.on_error(errors.append)

    def fail() -> None:
        raise ValueError("of the user")

    callbacks.later(callbacks.guarded(fail))
    callbacks.later(done.set)
    assert done.wait(PATIENCE)
    assert [str(error) for error in errors] == ["of the user"]
    ended = threading.Event()
    callbacks.stop(PATIENCE, ended.set)
    assert ended.wait(PATIENCE)


def test_a_callback_may_end_its_thread() -> None:
    callbacks = Callbacks("test", lambda _: None)
    ended = threading.Event()
    callbacks.later(lambda: callbacks.stop(PATIENCE, ended.set))
    assert ended.wait(PATIENCE)
    callbacks.later(lambda: pytest.fail("nothing is called any more"))


class Feed:
    """A feed that begins at once; `put` is where its items go."""

    def __init__(self) -> None:
        self.sinks: list[Sink[int]] = []
        self.stopped = 0

    async def begin(self, sink: Sink[int]) -> Callable[[], None]:
        self.sinks.append(sink)
        sink.begun()
        return self.stop

    def stop(self) -> None:
        self.stopped += 1

    def tell(self, *items: int | None) -> None:
        for item in items:
            self.sinks[-1].put(lambda item=item: item)  # type: ignore[misc]


def test_a_stream_gives_items_in_order_and_leaves_out_what_is_nothing() -> None:
    async def scenario() -> list[int]:
        feed = Feed()
        async with ZmqStream[int](feed.begin, PATIENCE) as stream:
            feed.tell(1, None, 2)
            items = [await stream.receive(), await stream.receive()]
            asyncio.get_running_loop().call_soon(feed.tell, 3)
            return [*items, await stream.receive()]

    assert asyncio.run(scenario()) == [1, 2, 3]


def test_a_slow_reader_gets_what_waits_and_then_a_new_beginning() -> None:
    async def scenario() -> tuple[list[int], int, int]:
        feed = Feed()
        stream = ZmqStream[int](feed.begin, PATIENCE)
        await stream.open()
        feed.tell(*range(ITEMS_WAITING + 5))
        items = [await stream.receive() for _ in range(ITEMS_WAITING)]
        asyncio.get_running_loop().call_later(0.01, lambda: feed.tell(-1))
        items.append(await stream.receive())
        return items, len(feed.sinks), feed.stopped

    items, begun, stopped = asyncio.run(scenario())
    assert items == [*range(ITEMS_WAITING), -1]
    assert (begun, stopped) == (2, 1)


def test_a_closed_stream_ends() -> None:
    async def scenario() -> tuple[list[int], int]:
        feed = Feed()
        stream = ZmqStream[int](feed.begin, PATIENCE)
        items = []
        async for item in stream_of(stream, feed):
            items.append(item)
            stream.close()
        with pytest.raises(Disconnected):
            await stream.receive()
        return items, feed.stopped

    def stream_of(stream: ZmqStream[int], feed: Feed) -> ZmqStream[int]:
        asyncio.get_running_loop().call_later(0.01, lambda: feed.tell(1, 2))
        return stream

    assert asyncio.run(scenario()) == ([1], 1)


def test_a_feed_that_is_refused_raises_and_ends() -> None:
    async def scenario() -> int:
        feed = Feed()
        stream = ZmqStream[int](feed.begin, PATIENCE)
        asyncio.get_running_loop().call_later(0.01, lambda: feed.sinks[0].failed(Refused("invalid_name", "")))
        with pytest.raises(Refused):
            await stream.receive()
        return feed.stopped

    assert asyncio.run(scenario()) == 1
