"""A matcher of a shard: its order ids, what it refuses, what its log holds, and whose data directory it opens."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.config import Config, read_config
from matcher.core.digest import digest
from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.first_commands import WrongDirectoryError, first_commands
from matcher.instrument_list import read_instruments
from matcher.own_symbols import OwnSymbols
from matcher.state import State
from matcher.storage.entries import OWN_SESSION, OwnCommands, read_entry
from matcher.storage.log import Record
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.codec import encode
from protocol.commands import (
    VERSION,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    Command,
    Commands,
    Hello,
    LoadBook,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    SetInstrument,
    SetShard,
)
from protocol.events import Answer, BookLoaded, CommandRefused, OrderResult, OrderState
from protocol.shards import first_order_id, read_shards
from protocol.units import InstrumentStatus, OrderType, Refusal, Side
from tests.unit.matcher.door import SESSION, Door

MAP = """
[[shard]]
name = "majors"
matchers = ["a:5555"]
symbols = ["BTC-USDT"]

[[shard]]
name = "rest"
matchers = ["a:5565"]
default = true
"""

FIRST = first_order_id(1)


def own(name: str) -> OwnSymbols:
    shards = read_shards(MAP)
    shard = shards.named(name)
    assert shard is not None
    return OwnSymbols(shards, shard)


def order(symbol: str, price: int = 300_000) -> PlaceOrder:
    return PlaceOrder(symbol, "ann", Side.BUY, OrderType.LIMIT, 10_000, price)


@dataclass
class Shard:
    """The matcher of the shard "rest", whose session sends commands."""

    door: Door
    sent: int = 0

    def send(self, *commands: Command) -> list[Answer]:
        self.door.send(Commands(VERSION, SESSION, self.sent + 1, self.sent, list(commands)))
        self.sent += len(commands)
        turn = self.door.turn()
        self.logged = [read_entry(payload) for payload in turn.entries]
        return [answer for reply in turn.replies for answer in reply.answers]


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    door = Door(tmp_path, 1, own("rest"))
    door.state.apply(OWN_SESSION, 0, [SetShard(1)], 1)
    door.send(Hello(VERSION, SESSION))
    door.turn()
    return Shard(door)


def test_order_ids_begin_with_the_number_of_the_shard(shard: Shard) -> None:
    answers = shard.send(order("ETH-USDT"), order("ETH-USDT"))
    assert [answer.order_id for answer in answers if isinstance(answer, OrderResult)] == [FIRST + 1, FIRST + 2]
    [canceled] = shard.send(CancelOrder(FIRST + 1))
    assert isinstance(canceled, OrderState)


@pytest.mark.parametrize(
    "command",
    [
        order("BTC-USDT"),
        PlaceOco("BTC-USDT", "ann", Side.BUY, 1, 100, 200),
        CancelOrder(FIRST + 1, symbol="BTC-USDT"),
        CancelReplace(CancelOrder(FIRST + 1), order("BTC-USDT")),
        CancelAllOrders("ann", "BTC-USDT"),
        SetInstrument("BTC-USDT", 2, 5),
        LoadBook("BTC-USDT"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_command_of_another_shard_is_refused_and_logged_as_refused(shard: Shard, command: Command) -> None:
    shard.send(order("ETH-USDT"))
    before = digest(shard.door.state.registry)
    detail = "BTC-USDT belongs to the shard majors, not to rest"
    assert shard.send(command) == [CommandRefused(Refusal.WRONG_SHARD, detail=detail)]
    [entry] = shard.logged
    assert isinstance(entry, Commands)
    assert entry.commands == [RefuseCommand(Refusal.WRONG_SHARD, detail)]
    assert digest(shard.door.state.registry) == before


def test_what_names_no_symbol_is_carried_out(shard: Shard) -> None:
    shard.send(order("ETH-USDT"), order("ETH-USDT"))
    [canceled, all_canceled] = shard.send(CancelOrder(FIRST + 1), CancelAllOrders("ann"))
    assert isinstance(canceled, OrderState)
    assert not isinstance(all_canceled, CommandRefused)
    assert not list(shard.door.state.registry.books["ETH-USDT"].live_orders())


def test_a_book_of_another_shard_is_loaded_with_new_order_ids_alone(shard: Shard) -> None:
    other = State(Engine())
    other.apply(OWN_SESSION, 0, [*read_instruments(None), order("ETH-USDT")], 1)
    saved = save_book(other.registry.books["ETH-USDT"], other.sequence)
    [refused] = shard.send(LoadBook("ETH-USDT", saved))
    assert isinstance(refused, CommandRefused)
    assert refused.refusal is Refusal.INVALID_SAVED_BOOK
    assert refused.detail.startswith(f"order_id is 1: takes {FIRST + 1} to ")
    assert shard.send(LoadBook("ETH-USDT", saved, new_order_ids=True)) == [BookLoaded("ETH-USDT", 1, [])]
    [live] = shard.door.state.registry.books["ETH-USDT"].live_orders()
    assert live.order_id == FIRST + 1
    # Its own book is loaded as everywhere: with its ids.
    again = save_book(shard.door.state.registry.books["ETH-USDT"], shard.door.state.sequence)
    shard.send(CancelOrder(FIRST + 1), order("ETH-USDT"))
    assert shard.send(LoadBook("ETH-USDT", again)) == [BookLoaded("ETH-USDT", 0, [FIRST + 1])]


def test_replay_and_snapshot_keep_the_ids(tmp_path: Path) -> None:
    listed = read_instruments(None)
    live, replayed = State(Engine()), State(Engine())
    commands: list[OwnCommand] = [SetShard(1), *listed, order("ETH-USDT")]
    for state in (live, replayed):
        state.replay(Record(1, 1, [encode(OwnCommands(commands))]))
    assert live.registry.last_order_id == FIRST + 1
    assert digest(live.registry) == digest(replayed.registry)
    _, restored = read_snapshot(write_snapshot(tmp_path / "snapshots", live, "journal", 0))
    assert restored.registry.last_order_id == FIRST + 1
    assert restored.registry.orders[FIRST + 1].book.instrument.symbol == "ETH-USDT"
    assert digest(restored.registry) == digest(live.registry)


def config(tmp_path: Path, name: str | None, text: str = MAP) -> Config:
    """The settings of a matcher of this shard; of one without a map where there is no name."""
    file = tmp_path / "shards.toml"
    file.write_text(text)
    flags = [] if name is None else [f"--shards={file}", f"--shard={name}"]
    return read_config([*flags, f"--data-dir={tmp_path}"], {})


def begun(tmp_path: Path, name: str | None) -> State:
    """The state of a new matcher of this shard after its first commands."""
    state = State(Engine())
    state.apply(OWN_SESSION, 0, first_commands(config(tmp_path, name), state, read_instruments(None)), 1)
    return state


def test_the_instruments_of_the_list_that_are_its_own_are_added(tmp_path: Path) -> None:
    assert sorted(begun(tmp_path, "majors").registry.books) == ["BTC-USDT"]
    assert sorted(begun(tmp_path, "rest").registry.books) == ["ETH-USDT", "SOL-USDT"]


def test_the_first_shard_logs_what_a_matcher_without_a_map_logs(tmp_path: Path) -> None:
    listed = [instrument for instrument in read_instruments(None) if instrument.symbol == "BTC-USDT"]
    first, alone = (first_commands(config(tmp_path, name), State(Engine()), listed) for name in ("majors", None))
    assert first == alone
    assert first_commands(config(tmp_path, "rest"), State(Engine()), [])[0] == SetShard(1)


@pytest.mark.parametrize(
    ("before", "now", "numbers"),
    [("majors", "rest", (0, 1)), ("rest", "majors", (1, 0)), (None, "rest", (0, 1))],
)
def test_the_directory_of_another_shard_is_refused(
    tmp_path: Path, before: str | None, now: str, numbers: tuple[int, int]
) -> None:
    state = begun(tmp_path, before)
    with pytest.raises(WrongDirectoryError) as refused:
        first_commands(config(tmp_path, now), state, [])
    held, named = numbers
    assert str(refused.value) == (
        f"{tmp_path}: holds the shard of number {held}: MATCHER_SHARD names that of number {named}"
    )


@pytest.mark.parametrize("names", [("majors", "majors"), ("rest", "rest"), (None, "majors"), ("majors", None)])
def test_its_own_directory_is_opened_and_nothing_is_logged_again(
    tmp_path: Path, names: tuple[str | None, str | None]
) -> None:
    before, now = names
    assert first_commands(config(tmp_path, now), begun(tmp_path, before), []) == []


def test_an_instrument_of_the_list_that_the_map_has_moved_begins_halted(tmp_path: Path) -> None:
    state = begun(tmp_path, "rest")
    moved = MAP.replace('symbols = ["BTC-USDT"]', "symbols = []")
    [added] = first_commands(config(tmp_path, "rest", moved), state, read_instruments(None))
    assert isinstance(added, SetInstrument)
    assert (added.symbol, added.status) == ("BTC-USDT", InstrumentStatus.HALTED)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--shard=majors"], "MATCHER_SHARDS (--shards): takes a TOML file: MATCHER_SHARD (--shard) needs it"),
        (["--shards={file}"], "MATCHER_SHARD (--shard): takes one of majors, rest, the shards of {file}: "),
        (["--shards={file}", "--shard=A"], "--shard: 'A': takes 1 to 64 of a-z, 0-9, _ and -, as the map names it"),
        (["--shards={file}", "--shard=minors"], "--shard: 'minors': takes one of majors, rest, the shards of {file}"),
        (["--shards={file}.none", "--shard=rest"], "--shards: {file}.none: No such file or directory"),
        (["--shards={bad}", "--shard=rest"], "--shards: {bad}: takes 1 to 32 [[shard]] tables, not 0"),
        (["--shards={binary}", "--shard=rest"], "--shards: {binary}: is no text in UTF-8: byte 1 belongs to none"),
    ],
)
def test_a_bad_setting_is_one_line(
    flags: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"file": tmp_path / "shards.toml", "bad": tmp_path / "bad.toml", "binary": tmp_path / "binary.toml"}
    names["file"].write_text(MAP)
    names["bad"].write_text("")
    names["binary"].write_bytes(b"\xff")
    with pytest.raises(SystemExit) as ended:
        read_config([flag.format(**names) for flag in flags], {})
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"matcher: {told.format(**names)}")


def test_without_a_map_every_symbol_is_its_own(tmp_path: Path) -> None:
    door = Door(tmp_path, 1)
    door.send(Hello(VERSION, SESSION))
    door.turn()
    answers = Shard(door).send(order("BTC-USDT"), order("ETH-USDT"))
    assert [answer.order_id for answer in answers if isinstance(answer, OrderResult)] == [1, 2]
