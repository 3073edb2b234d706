"""What holds for the tables of both databases, whatever the engine is told and however often it is rewound."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history.schema.database import Database
from history.writing.store import DatabaseStore, open_store
from tests.history_tables import Played, all_of, begin, merged, tables_of
from tests.oracle.commands_strategy import Tape, tapes
from tests.oracle.naive_candles import naive_candles

some_examples = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def store(database: Database) -> Iterator[DatabaseStore]:
    store = open_store(database)
    yield store
    store.close()


def write(store: DatabaseStore, played: Played, tape: Tape, sizes: list[int]) -> None:
    """Write the tape in transactions of so many commands, the rest in one."""
    rest = list(tape)
    for size in (*sizes, len(rest)):
        if rest:
            played.play(rest[:size])
            played.write(store)
            rest = rest[size:]


sizes = st.lists(st.integers(1, 12), max_size=12)


@some_examples
@given(tape=tapes, sizes=sizes)
def test_tables_hold_the_rows_of_one_batch(
    database: Database, store: DatabaseStore, tape: Tape, sizes: list[int]
) -> None:
    store.rewind(0)
    begin(store)
    write(store, Played(begins=True), tape, sizes)
    played = Played()
    played.play(tape)
    expected = merged([played.gatherer.take()])
    found = tables_of(database)
    assert found == expected
    assert found["candles"] == naive_candles(found["trades"])


@some_examples
@given(tape=tapes, sizes=sizes, data=st.data())
def test_rewinding_and_going_on_is_as_never_having_gone(
    database: Database, store: DatabaseStore, tape: Tape, sizes: list[int], data: st.DataObject
) -> None:
    store.rewind(0)
    begin(store)
    write(store, Played(begins=True), tape, sizes)
    expected = tables_of(database)
    sequence, crc = data.draw(st.sampled_from(store.checkpoints()))
    store.rewind(sequence)

    played = Played()
    played.play(tape[:sequence])
    place = store.position()
    assert place == played.place and place.crc == crc
    assert tables_of(database) == merged([played.gatherer.take()])
    assert store.checkpoints()[0] == (sequence, crc)

    again = Played(played.state, store.last_candles())
    write(store, again, tape[sequence:], [3, 5])
    assert tables_of(database) == expected


def test_everything_can_be_rewound(database: Database, store: DatabaseStore) -> None:
    begin(store)
    before = all_of(database)
    store.rewind(0)
    assert store.position() is None
    begin(store)
    assert all_of(database) == before
