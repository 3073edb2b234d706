"""What cannot be replayed: one line on standard error that names the file or the setting, and an exit status."""

import bz2
import gzip
import os
from pathlib import Path

import pytest

from matching_exchange.tools.replay.__main__ import MAX_REFUSED_PERCENT, main
from tests.unit.tools.test_replay import BITSTAMP

CREATED = '1000 order_created {"price": "101.00", "amount": "2.0", "id": 21, "order_type": 1}\n'


NO_ENDPOINTS = ("tcp://*:1", "tcp://a b:5555", "ipc://" + "x" * 200, "ipc://@", "tcp://\udcff:1")
"""ZeroMQ does not connect to them."""


def deleted(time: str, order: int, amount: str = "2.0") -> str:
    return f'{time} order_deleted {{"price": "101.00", "amount": "{amount}", "id": {order}, "order_type": 1}}\n'


def complaint_about(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What the tool says of the file, as its only line."""
    assert main([*options, str(path)], {}) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("replay: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("content", "options", "complaint"),
    [
        (None, (), ": No such file or directory"),
        ("", (), ": is empty"),
        ("\n\r\n\n", (), ": is empty"),
        ("hello\n", (), ", line 1: none of the known formats: bitstamp, lobster"),
        ("hello\n", ("--format", "bitstamp"), ", line 1: takes <time in ms> <event> <JSON>"),
        ("hello\n", ("--format", "lobster"), ": give the message file too"),
        ("\ufeff" + BITSTAMP, (), ", line 1: none of the known formats"),
        ("\n" + BITSTAMP, (), ", line 1: none of the known formats"),
        (BITSTAMP[:150], (), ", line 2: "),
        (b"\xff\xfe", (), ", line 1: not text in UTF-8"),
        (BITSTAMP.encode() + b"\xff\n", (), f", line {BITSTAMP.count(chr(10)) + 1}: not text in UTF-8"),
        (gzip.compress(BITSTAMP.encode())[:-9], (), f", line {BITSTAMP.count(chr(10)) + 1}: broken gzip file"),
        (bz2.compress(BITSTAMP.encode()), (), ", line 1: not text in UTF-8, plain or compressed with xz"),
        (b"\xfd7zXZ\x00 but no more", (), ", line 1: broken xz file"),
        (bytes(2 * 1024 * 1024), (), ", line 1: takes less than 1,048,576 characters"),
    ],
)
def test_a_file_that_cannot_be_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | bytes | None,
    options: tuple[str, ...],
    complaint: str,
) -> None:
    path = tmp_path / "flow"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert f"{path}{complaint}" in complaint_about(path, capsys, "--in-process", *options)


def test_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint_about(tmp_path, capsys, "--in-process") == f"replay: {tmp_path}: Is a directory\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_this_user_may_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flow"
    path.write_text(BITSTAMP)
    path.chmod(0)
    assert complaint_about(path, capsys, "--in-process") == f"replay: {path}: Permission denied\n"


def test_a_name_of_two_lines_is_told_in_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint_about(tmp_path / "no\nfile", capsys, "--in-process").endswith(
        "no file: No such file or directory\n"
    )


@pytest.mark.parametrize("speed", [(), ("--speed", "999999")])
@pytest.mark.parametrize(
    ("time", "complaint"),
    [
        ("99999999999999999999999", "takes a time in ms of at most 13 digits"),
        ("9" * 5_000, "takes a time in ms of at most 13 digits"),
        ("9999999999999", "9,999,999,999 s after the line before; takes at most 604,800 s"),
        ("604801001", "604,801 s after the line before; takes at most 604,800 s"),
    ],
)
def test_a_time_that_no_recording_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speed: tuple[str, ...], time: str, complaint: str
) -> None:
    path = tmp_path / "flow.log"
    path.write_text(CREATED + deleted(time, 21))
    assert complaint_about(path, capsys, "--in-process", *speed) == f"replay: {path}, line 2: {complaint}\n"


def test_lobster_times_have_the_bound_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "message.csv"
    path.write_text("0,5,0,1,100,1\n604800.000000001,5,0,1,100,1\n")
    (tmp_path / "orderbook.csv").write_text("200,1,100,1\n" * 2)
    assert complaint_about(path, capsys, "--in-process").startswith(
        f"replay: {path}, line 2: 604,801 s after the line before"
    )


@pytest.mark.parametrize(("speed", "milliseconds", "wait"), [("1", 86_401_000, 86_401), ("0.000001", 1_000, 1_000_000)])
def test_a_gap_that_would_take_days_at_this_speed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speed: str, milliseconds: int, wait: int
) -> None:
    path = tmp_path / "flow.log"
    path.write_text(CREATED + deleted("1001", 21) + deleted(str(1_001 + milliseconds), 21))
    complaint = complaint_about(path, capsys, "--in-process", "--speed", speed)
    assert complaint.startswith(f"replay: {path}, line 3: {milliseconds // 1000:,} s after the line before")
    assert complaint.endswith(f"at this --speed a wait of {wait:,} s; takes at most 86,400 s\n")


def test_a_long_gap_is_no_matter_without_a_speed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flow.log"
    path.write_text(CREATED + deleted("604801000", 21))
    assert main(["--in-process", str(path)], {}) == 0
    assert main(["--in-process", "--speed", "999999", str(path)], {}) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("unknown", "status"),
    [(2, 0), (3, 1)],
)
def test_too_many_refused_commands_are_a_miss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], unknown: int, status: int
) -> None:
    """Of ten commands, so many are cancels of orders that the exchange does not know."""
    path = tmp_path / "flow.log"
    placed = "".join(CREATED.replace("21", str(order)) for order in range(10 - unknown))
    path.write_text(placed + "".join(deleted("1001", 90 + order, "0.0") for order in range(unknown)))
    assert main(["--in-process", str(path)], {}) == status
    captured = capsys.readouterr()
    assert f"refused: Cancel UNKNOWN_ORDER: {unknown}" in captured.out
    line = f"replay: refused 3 of 10 commands, 30.00 %; takes at most {MAX_REFUSED_PERCENT} %\n"
    assert captured.err == (line if status else "")


def test_a_cancel_of_an_order_that_is_filled_in_both_is_not_held_against_the_exchange(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "flow.log"
    buys = CREATED.replace("21", "22").replace('"order_type": 1', '"order_type": 0')
    path.write_text(CREATED + buys + deleted("1001", 21, "0.0") + deleted("1001", 22, "0.0"))
    assert main(["--in-process", str(path)], {}) == 0
    captured = capsys.readouterr()
    assert "refused: Cancel ORDER_NOT_OPEN: 2" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "0", "flow"],
        ["--speed", "fast", "flow"],
        ["--symbol", "no spaces", "flow"],
        ["--expect", "tape", "flow"],
        ["--expect", "tape=many", "flow"],
        ["--format", "itch", "flow"],
        ["--commands", "localhost", "flow"],
        *([f"--{name}", endpoint, "flow"] for name in ("commands", "reports") for endpoint in NO_ENDPOINTS),
        ["--no\nsuch", "flow"],
        [],
    ],
)
def test_a_bad_option(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, {})
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("replay: ")
    assert error.count("\n") == 1
