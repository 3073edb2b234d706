"""What the garbage collector of a worker looks at."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from gateway.garbage import LOOK_AGAIN_SECONDS, Collector


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Cycle:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    collector = Collector(clock)
    gc.collect()
    gc.callbacks.append(collector)
    yield clock
    gc.callbacks.remove(collector)
    gc.unfreeze()


def test_what_has_lived_through_a_full_collection_is_not_looked_at_again(clock: Clock) -> None:
    kept = [Cycle() for _ in range(1000)]
    gc.collect()
    assert not any(isinstance(each, Cycle) for each in gc.get_objects())
    assert gc.get_freeze_count() > len(kept)


def test_new_garbage_is_collected_all_the_same(clock: Clock) -> None:
    gc.collect()
    reference = weakref.ref(Cycle())
    gc.collect()
    assert reference() is None


def test_old_garbage_is_collected_after_a_while(clock: Clock) -> None:
    old = Cycle()
    reference = weakref.ref(old)
    gc.collect()
    del old
    clock.now += LOOK_AGAIN_SECONDS - 1
    gc.collect()
    assert reference() is not None
    clock.now += 1
    gc.collect()
    assert reference() is None
    # Then it is left out again.
    assert gc.get_freeze_count() > 0


def test_collections_of_what_is_young_change_nothing(clock: Clock) -> None:
    before = gc.get_freeze_count()
    gc.collect(0)
    gc.collect(1)
    assert gc.get_freeze_count() == before
