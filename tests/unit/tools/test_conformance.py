"""The check against a public benchmark, on a made-up copy of it: what fits, what differs, what is no copy."""

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from matching_exchange.tools.conformance import __main__ as conformance
from matching_exchange.tools.conformance.benchmark import MAGIC, VERSION, read_workloads
from matching_exchange.tools.conformance.engine_book import EngineBook
from matching_exchange.tools.conformance.messages import CANCEL, MODIFY, NEW, Message
from matching_exchange.tools.conformance.plain_book import PlainBook

BUY, SELL = 0, 1

GATE = """
def NEW(order_id, side, quantity, price, ioc=0):
    return (0, side, ioc, quantity, order_id, price)

EDGE_CASES = {
    "first_come": [NEW(1, 0, 10, 100), NEW(2, 0, 10, 100), NEW(3, 1, 15, 100, ioc=1)],
    "never_seen": [(1, 0, 0, 0, 9, 0), (2, 0, 0, 5, 9, 100)],
}
"""

COMMAND = "make && ./generator calm orders_calm_s23_n2.bin 2 23"

MESSAGES = (
    (NEW, SELL, 0, 10, 1, 102),
    (NEW, SELL, 0, 10, 2, 101),
    (NEW, BUY, 1, 25, 3, 102),
    (NEW, BUY, 0, 10, 1, 99),
    (NEW, SELL, 0, 4, 4, 99),
    (MODIFY, BUY, 0, 7, 1, 98),
    (CANCEL, BUY, 0, 0, 1, 0),
    (CANCEL, BUY, 0, 0, 1, 0),
    (MODIFY, BUY, 0, 5, 8, 98),
)
"""Kind, side, immediate-or-cancel, quantity, id, price."""

REPORTS = (
    ["0,0,1,1,102,10"],
    ["0,1,1,2,101,10"],
    ["0,2,0,3,102,25", "1,2,101,10,2,3", "1,2,102,10,1,3", "2,2,0,3,102"],
    ["0,3,0,1,99,10"],
    ["0,4,1,4,99,4", "1,4,99,4,1,4"],
    ["3,5,0,1,98,7"],
    ["2,6,0,1,98"],
    ["4,7,1"],
    ["5,8,8"],
)
"""What is reported of each: an id that was filled is used again, and a modify sets what rests."""


def messages(rows: Sequence[tuple[int, int, int, int, int, int]]) -> list[Message]:
    return [
        Message(kind, side, ioc, quantity, sequence, order_id, price)
        for sequence, (kind, side, ioc, quantity, order_id, price) in enumerate(rows)
    ]


def published(reports: Sequence[Sequence[str]]) -> str:
    text = "\n".join(line for lines in reports for line in lines)
    return f"{hashlib.sha256(text.encode()).hexdigest()}  calm_seed23_count2_reports.txt\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of a benchmark with two gate cases and one workload."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "conformance_check.py").write_text(GATE)
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "correctness_hash.txt").write_text(published(REPORTS))
    records = [
        struct.pack("<BBBBIQQqq", kind, side, ioc, 0, quantity, sequence, order_id, price, 0)
        for sequence, (kind, side, ioc, quantity, order_id, price) in enumerate(MESSAGES)
    ]
    header = struct.pack("<QII", MAGIC, VERSION, len(records))
    (tmp_path / "orders_calm_s23_n2.bin").write_bytes(header + b"".join(records))
    return tmp_path


@pytest.mark.parametrize("book", [PlainBook, EngineBook])
def test_reports_are_those_of_the_interface(book: type[PlainBook | EngineBook]) -> None:
    subject = book()
    assert [subject.take(message) for message in messages(MESSAGES)] == list(REPORTS)
    assert subject.levels() == ([], [])


@pytest.mark.parametrize("book", [PlainBook, EngineBook])
def test_levels_are_those_of_the_whole_book(book: type[PlainBook | EngineBook]) -> None:
    subject = book()
    rows = [(NEW, BUY, 0, 5, 1, 98), (NEW, BUY, 0, 6, 2, 99), (NEW, BUY, 0, 7, 3, 98), (NEW, SELL, 0, 8, 4, 101)]
    for message in messages(rows):
        subject.take(message)
    assert subject.levels() == ([(99, 6), (98, 12)], [(101, 8)])


def test_all_fits(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance.main([str(copy)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    expected = published(REPORTS)[:16]
    assert lines[0] == ["hash", "calm", "plain", "book", "expected", expected, "found", expected, "fits"]
    assert [(line[0], line[1], line[-1]) for line in lines[1:3]] == [
        ("gate", "first_come", "fits"),
        ("gate", "never_seen", "fits"),
    ]
    assert lines[3] == ["hash", "calm", "engine", "expected", expected, "found", expected, "fits"]
    assert lines[4] == ["4", "of", "4", "fit"]


def test_the_gate_alone_needs_no_workload(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "orders_calm_s23_n2.bin").unlink()
    (copy / "reference" / "correctness_hash.txt").unlink()
    assert conformance.main([str(copy), "--gate"]) == 0
    assert capsys.readouterr().out.endswith("2 of 2 fit\n")


def test_another_hash_differs(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "reference" / "correctness_hash.txt").write_text(published(REPORTS[:-1]))
    assert conformance.main([str(copy)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.rsplit(maxsplit=1)[1] for line in lines[:-1]] == ["differs", "fits", "fits", "differs"]
    assert lines[-1] == "2 of 4 fit"


def test_an_engine_that_reports_otherwise_differs(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(EngineBook):
        def take(self, message: Message) -> list[str]:
            return super().take(message)[:1]

    monkeypatch.setattr(conformance, "EngineBook", Silent)
    assert conformance.main([str(copy), "--gate"]) == 1
    first, second, total = capsys.readouterr().out.splitlines()
    assert (first.split()[-1], second.split()[-1], total) == ("differs", "fits", "1 of 2 fit")


def test_an_engine_whose_book_is_another_differs(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same reports: a quantity that is left, or lost, shows in later trades only."""

    class Deaf(EngineBook):
        def take(self, message: Message) -> list[str]:
            return PlainBook().take(message) if message.sequence == 1 else super().take(message)

    monkeypatch.setattr(conformance, "EngineBook", Deaf)
    (copy / "scripts" / "conformance_check.py").write_text(
        "EDGE_CASES = {'two': [(0, 0, 0, 1, 1, 5), (0, 0, 0, 1, 2, 5)]}"
    )
    assert conformance.main([str(copy), "--gate"]) == 1
    assert "another book after message 2\n" in capsys.readouterr().out


def test_a_gate_that_does_not_end_is_ended(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching_exchange.tools.conformance.benchmark.GATE_TIMEOUT", 0.5)
    (copy / "scripts" / "conformance_check.py").write_text("while True: pass")
    assert conformance.main([str(copy), "--gate"]) == 2
    assert capsys.readouterr().err.endswith("conformance_check.py defines no EDGE_CASES within 0.5 seconds\n")


def test_the_command_that_makes_a_workload_is_theirs(copy: Path) -> None:
    [workload] = read_workloads(copy)
    assert workload.command == COMMAND
    assert len(list(workload.messages())) == len(MESSAGES)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("scripts/conformance_check.py", None, "is no copy of flash1-dev/matching-engine-benchmark: scripts/"),
        ("scripts/conformance_check.py", b"EDGE_CASES = [", "defines no EDGE_CASES that can be read: "),
        ("scripts/conformance_check.py", b"EDGE_CASES = {}", "defines no EDGE_CASES"),
        ("scripts/conformance_check.py", b"", "defines no EDGE_CASES that can be read: "),
        ("scripts/conformance_check.py", b"EDGE_CASES = {'a': [(0, 0)]}", "defines no EDGE_CASES that can be read: "),
        ("scripts/conformance_check.py", b"EDGE_CASES = 1 / 0", "defines no EDGE_CASES that can be read: "),
        ("scripts/conformance_check.py", b"import sys; sys.exit(0)", "defines no EDGE_CASES that can be read: "),
        ("reference/correctness_hash.txt", None, "is no copy of flash1-dev/matching-engine-benchmark: reference/"),
        ("reference/correctness_hash.txt", b"", "holds no hashes"),
        ("reference/correctness_hash.txt", b"\xff", "cannot be read: "),
        ("reference/correctness_hash.txt", b"0123  calm_reports.txt\n", "line 1: takes <SHA-256> <name>_seed"),
        ("orders_calm_s23_n2.bin", None, f"is missing: make it there with: {COMMAND}"),
        ("orders_calm_s23_n2.bin", b"", f"is no workload of the benchmark: make it again with: {COMMAND}"),
        ("orders_calm_s23_n2.bin", b"x" * 56, f"is no workload of the benchmark: make it again with: {COMMAND}"),
        (
            "orders_calm_s23_n2.bin",
            struct.pack("<QII", MAGIC, VERSION, 2) + bytes(79),
            f"has 95 bytes in place of 96: make it again with: {COMMAND}",
        ),
        (
            "orders_calm_s23_n2.bin",
            struct.pack("<QII", MAGIC, VERSION + 1, 0),
            f"is no workload of the benchmark: make it again with: {COMMAND}",
        ),
    ],
)
def test_what_is_no_copy_gets_one_line_and_status_2(
    copy: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, told: str
) -> None:
    if content is None:
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(content)
    assert conformance.main([str(copy)]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert captured.err.startswith(f"conformance: {copy}")
    assert told in captured.err


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--gates", "a"]])
def test_bad_arguments_get_one_line_and_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        conformance.main(arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_no_directory_is_no_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing"
    assert conformance.main([str(missing)]) == 2
    assert capsys.readouterr().err.startswith(f"conformance: {missing} is no copy of flash1-dev/")
