"""What a start knows of commands that have ended the processes before it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.storage.crash_notes import MAX_ENDED, MAX_NOTED, CrashNotes
from matcher.storage.data_directory import DataDirectory, DirectoryError

Start = Callable[[], CrashNotes]

SESSION = 2**63 - 1


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """A start on the same directory each time; the process before it has ended, whatever it was doing."""
    return lambda: CrashNotes(DataDirectory(tmp_path))


def remembered(directory: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((directory / "crashed_commands.json").read_text())
    return found


def test_a_process_that_ends_between_commands_leaves_no_suspect(start: Start, tmp_path: Path) -> None:
    notes = start()
    notes.begin(SESSION, 7, 3)
    notes.end()
    assert not start()
    assert not (tmp_path / "crashed_commands.json").exists()


def test_the_commands_of_a_frame_are_suspects_and_no_others(start: Start) -> None:
    start().begin(SESSION, 7, 3)
    notes = start()
    assert [notes.suspects(SESSION, first, count) for first, count in ((1, 6), (6, 2), (8, 1), (9, 5), (10, 5))] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not notes.suspects(SESSION - 1, 7, 3)
    assert [notes.refusal(SESSION, number) for number in (7, 8, 9)] == [None] * 3


def test_one_that_ends_its_process_again_and_again_is_refused(start: Start) -> None:
    """The first end points at a frame, those after it at the very command."""
    start().begin(SESSION, 7, 3)
    for _ in range(MAX_ENDED - 1):
        notes = start()
        assert notes.refusal(SESSION, 8) is None
        notes.begin(SESSION, 7, 1)
        notes.end()
        notes.begin(SESSION, 8, 1)
    for _ in range(2):
        notes = start()
        assert notes.refusal(SESSION, 8) == f"it has ended the matcher {MAX_ENDED} times"
        assert [notes.refusal(SESSION, number) for number in (7, 9)] == [None, None]


def test_a_suspect_that_was_carried_out_is_one_no_more(start: Start, tmp_path: Path) -> None:
    start().begin(SESSION, 7, 3)
    notes = start()
    notes.forget(SESSION, 6, 3)
    assert notes.suspects(SESSION, 9, 1), "the last one may still be it"
    notes.forget(SESSION, 9, 1)
    assert not notes
    assert remembered(tmp_path) == []
    assert not start()


def test_an_exception_is_enough(start: Start, tmp_path: Path) -> None:
    notes = start()
    notes.begin(SESSION, 7, 3)
    notes.crashed(SESSION, 8, RuntimeError("a defect"))
    assert start().refusal(SESSION, 8) == "RuntimeError('a defect')"
    assert remembered(tmp_path) == [{"session": SESSION, "number": 8, "error": "RuntimeError('a defect')"}]


def test_the_file_of_an_earlier_version_is_read(start: Start, tmp_path: Path) -> None:
    (tmp_path / "crashed_commands.json").write_text('[{"session":7,"number":3,"error":"RuntimeError()"}]')
    assert start().refusal(7, 3) == "RuntimeError()"


def test_the_last_ones_are_remembered(start: Start, tmp_path: Path) -> None:
    for number in range(0, 10 * (MAX_NOTED + 2), 10):
        start().begin(SESSION, number + 1, 1)
    start()
    numbers = [noted["number"] for noted in remembered(tmp_path)]
    assert numbers == list(range(21, 10 * (MAX_NOTED + 2), 10))


@pytest.mark.parametrize("content", ["[", '[{"session":1}]', '{"a":1}', "\x00"])
def test_a_file_that_cannot_be_read_is_named(start: Start, tmp_path: Path, content: str) -> None:
    (tmp_path / "crashed_commands.json").write_text(content)
    with pytest.raises(DirectoryError, match=r"crashed_commands\.json"):
        start()


@pytest.mark.parametrize("name", ["crashed_commands.json", "running_command"])
def test_a_folder_in_the_place_of_a_file_is_named(start: Start, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises((DirectoryError, IsADirectoryError), match=name):
        start()
