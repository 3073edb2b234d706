"""The files of a recording: opened once, so that a pipe gives what the file gives, and blank lines at the end are
none."""

import lzma
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.recording import Recording, RecordingError

PATIENCE = 30.0
"""How many seconds a writer may take."""

EVENTS = "".join(
    f'{time} order_{what} {{"price": "236.47", "amount": "2.0", "id": {time // 2}, "order_type": 0}}\n'
    for time in range(200)
    for what in ["deleted" if time % 2 else "created"]
)
"""Longer than what a stream is buffered by, so that losing a buffer shows."""

HIDDEN = "34200.0,5,0,1,10000,1\n" * 5_000
ROWS = "10100,5,9900,7\n" * 5_000
"""A LOBSTER recording, each file longer than a pipe holds."""

Writer = Callable[..., None]


@pytest.fixture
def write() -> Iterator[Writer]:
    """Writes files in a thread, one after the other, as another process does to pipes."""
    threads: list[threading.Thread] = []

    def start(*contents: tuple[Path, bytes]) -> None:
        def run() -> None:
            for path, content in contents:
                path.write_bytes(content)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(PATIENCE)


def pipe(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    os.mkfifo(path)
    return path


def read(*paths: Path) -> Recording:
    return read_recording(paths)


@pytest.mark.parametrize("pack", [bytes, lzma.compress])
def test_a_pipe_gives_what_the_file_gives(tmp_path: Path, write: Writer, pack: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "file"
    file.write_bytes(pack(EVENTS.encode()))
    fifo = pipe(tmp_path, "pipe")
    write((fifo, file.read_bytes()))
    assert read(fifo).steps == read(file).steps
    assert len(read(file).steps) == 200


def test_a_pipe_that_begins_slowly(write: Writer) -> None:
    """The first look finds one byte of an xz file."""
    packed = lzma.compress(EVENTS.encode())
    reading, writing = os.pipe()
    os.write(writing, packed[:1])
    file = RecordingFile(Path(f"/dev/fd/{reading}"))

    def run() -> None:
        os.write(writing, packed[1:])
        os.close(writing)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert file.first_line() == EVENTS.splitlines()[0]
    assert [line for _, line in file.lines()] == EVENTS.splitlines()
    thread.join(PATIENCE)
    os.close(reading)


@pytest.mark.parametrize("given", [("messages", "books"), ("books", "messages")])
def test_the_two_files_of_lobster_through_pipes(tmp_path: Path, write: Writer, given: tuple[str, str]) -> None:
    plain = tmp_path / "ABC_2012-06-21_message.csv"
    plain.write_text(HIDDEN)
    plain.with_name("ABC_2012-06-21_orderbook.csv").write_text(ROWS)
    for name, content in (("messages", HIDDEN), ("books", ROWS)):
        write((pipe(tmp_path, name), content.encode()))
    found = read(*(tmp_path / name for name in given))
    assert found.steps == read(plain).steps
    assert (found.symbol, found.tick_size) == ("STOCK-USD", 100)


def test_one_writer_may_fill_the_two_pipes_of_lobster_in_turn(tmp_path: Path, write: Writer) -> None:
    messages, books = pipe(tmp_path, "messages"), pipe(tmp_path, "books")
    write((messages, HIDDEN.encode()), (books, ROWS.encode()))
    assert len(read(messages, books).steps) == 2 + 4_999


def test_one_file_of_lobster_may_be_a_pipe_and_the_other_names_the_stock(tmp_path: Path, write: Writer) -> None:
    books = tmp_path / "ABC_2012-06-21_orderbook.csv"
    books.write_text(ROWS)
    messages = pipe(tmp_path, "pipe")
    write((messages, HIDDEN.encode()))
    assert read(messages, books).symbol == "ABC-USD"


def test_a_pipe_without_the_other_file_of_lobster(tmp_path: Path, write: Writer) -> None:
    messages = pipe(tmp_path, "pipe")
    write((messages, HIDDEN[:1_000].encode()))
    with pytest.raises(RecordingError, match="pipe: give the orderbook file too; the name does not tell it"):
        read(messages)


def test_a_pipe_that_is_given_twice(tmp_path: Path, write: Writer) -> None:
    messages = pipe(tmp_path, "pipe")
    write((messages, HIDDEN[:1_000].encode()))
    with pytest.raises(RecordingError, match="pipe: the same pipe twice"):
        read(messages, messages)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "pipe: is empty"),
        (EVENTS.encode()[:5_000], "pipe, line 63: takes <time in ms> <event> <JSON>"),
        (lzma.compress(EVENTS.encode())[:-20], "pipe, line 201: broken xz file"),
    ],
)
def test_a_pipe_whose_writer_goes_away(tmp_path: Path, write: Writer, content: bytes, complaint: str) -> None:
    fifo = pipe(tmp_path, "pipe")
    write((fifo, content))
    with pytest.raises(RecordingError, match=complaint):
        read(fifo)


def lines_of(tmp_path: Path, content: bytes) -> list[tuple[int, str]]:
    path = tmp_path / "text"
    path.write_bytes(content)
    return list(RecordingFile(path).lines())


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\n\n\n\n", b"\r\n\r\n\r\n", b"\n  \n\t\n", b"\r\r"])
def test_blank_lines_at_the_end_are_none(tmp_path: Path, end: bytes) -> None:
    assert lines_of(tmp_path, b"one\ntwo" + end) == [(1, "one"), (2, "two")]


def test_blank_lines_elsewhere_keep_their_numbers(tmp_path: Path) -> None:
    assert lines_of(tmp_path, b"\none\n\r\n \ntwo\n\n") == [(1, ""), (2, "one"), (3, ""), (4, ""), (5, "two")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(tmp_path: Path, end: str) -> None:
    assert lines_of(tmp_path, f"one{end}two{end}".encode()) == [(1, "one"), (2, "two")]
