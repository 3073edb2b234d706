"""Files that cannot be used end a start with one line that names them, the only one on standard error, and nothing is
changed.

What a user may not read is tried as a user other than root, who may read everything.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from matching_exchange.tools.processes import free_ports
from protocol.commands import PlaceOrder
from protocol.units import OrderType, Side
from tests.exchange import PATIENCE, Matcher, clean_environment, wait_until

NOBODY = 65_534

AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []

Outcome = tuple[int, str, str]
"""Exit status, standard output, standard error."""

Damage = Callable[[Path], object]


def can_be_another_user() -> bool:
    command = [*AS_NOBODY, sys.executable, "-c", "import matcher"]
    return (
        bool(shutil.which(command[0]))
        and subprocess.run(command, env=clean_environment(), capture_output=True).returncode == 0
    )


needs_another_user = pytest.mark.skipif(
    not can_be_another_user(), reason="root may read everything, and setpriv cannot be used"
)


def start(directory: Path, *arguments: str, module: str = "matcher") -> Outcome:
    """What becomes of a start on the data directory, as a user other than root."""
    command = [*AS_NOBODY, sys.executable, "-m", module, "--data-dir=data", *arguments]
    done = subprocess.run(
        command, cwd=directory, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    return done.returncode, done.stdout, done.stderr


def own_endpoints() -> list[str]:
    names = ("commands", "market-data", "reports")
    return [f"--{name}=tcp://127.0.0.1:{port}" for name, port in zip(names, free_ports(3), strict=True)]


def has_snapshots(matcher: Matcher, count: int) -> bool:
    return len(list((matcher.data / "snapshots").glob("*.snapshot"))) == count


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a matcher that has left two segments and two snapshots."""
    matcher = Matcher(tmp_path_factory.mktemp("worked"), "--snapshot-every=20")
    for first in (0, 20):
        matcher.restart()
        with matcher.client() as client:
            for number in range(first, first + 20):
                client.command(
                    PlaceOrder(
                        "BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000, client_order_id=str(number)
                    )
                )
        wait_until(partial(has_snapshots, matcher, first // 20 + 1), "a snapshot")
        matcher.stop()
    (matcher.data / "crashed_commands.json").write_text("[]")
    return matcher.data


@pytest.fixture
def directory(worked: Path) -> Iterator[Path]:
    """A directory of nobody's, outside those of the tests, with a copy of the data directory."""
    with tempfile.TemporaryDirectory(prefix="exchange-", dir="/tmp") as name:
        directory = Path(name)
        shutil.copytree(worked, directory / "data")
        if AS_NOBODY:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield directory
        for path in (directory, *directory.rglob("*")):
            path.chmod(0o700)


def files_of(directory: Path) -> dict[str, bytes | None]:
    """Every file of the directory with its content; a directory, or what is no file, has none."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None for path in directory.rglob("*")
    }


def forbid(path: Path) -> None:
    path.chmod(0)


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def make_huge(path: Path) -> None:
    os.truncate(path, 100_000_000)


def first(directory: Path, pattern: str) -> Path:
    return min((directory / "data").glob(pattern))


FILES = {
    "segment": "journal/*.journal",
    "snapshot": "snapshots/*.snapshot",
    "crashed commands": "crashed_commands.json",
}


@pytest.mark.parametrize("damage", [replace_by_directory, replace_by_pipe, replace_by_socket])
@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("module", ["matcher", "matcher.repair"])
def test_what_is_no_file_is_named(directory: Path, kind: str, damage: Damage, module: str) -> None:
    path = first(directory, FILES[kind])
    damage(path)
    assert_named(directory, path, module)


@needs_another_user
@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("module", ["matcher", "matcher.repair"])
def test_file_that_may_not_be_read_is_named(directory: Path, kind: str, module: str) -> None:
    path = first(directory, FILES[kind])
    forbid(path)
    assert_named(directory, path, module, "Permission denied")


@needs_another_user
@pytest.mark.parametrize("kind", ["journal", "snapshots", "lock", "."])
def test_what_else_may_not_be_used_is_named(directory: Path, kind: str) -> None:
    path = directory / "data" / kind
    forbid(path)
    assert_named(directory, directory / "data" if kind == "lock" else path, "matcher", "Permission denied")


def assert_named(directory: Path, path: Path, module: str, reason: str = "") -> None:
    """A start ends with one line that names the file, and changes nothing."""
    before = files_of(directory)
    status, output, error = start(directory, *(own_endpoints() if module == "matcher" else ()), module=module)
    assert (status, output, error.count("\n")) == (1, "", 1), error
    assert error.startswith(f"{module.removeprefix('matcher.')}: ")
    assert str(path.relative_to(directory)) in error
    assert reason in error
    assert files_of(directory) == before


@needs_another_user
def test_torn_record_that_may_not_be_cut_off_is_told_with_its_file(directory: Path) -> None:
    segment = max((directory / "data" / "journal").glob("*.journal"))
    with segment.open("ab") as file:
        file.write(b"\xf7REC torn")
    if AS_NOBODY:
        os.chown(segment, 0, 0)
        segment.chmod(0o444)
    else:
        segment.chmod(0o400)
    status, output, error = start(directory, *own_endpoints())
    assert (status, output) == (1, "")
    assert error.splitlines()[-1] == f"matcher: data/journal/{segment.name} cannot be used: Permission denied"
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00\xff", ""),
        (b"{}", ""),
        (b"[" * 100_000, ""),
        (b'[{"session": -', ""),
        (b"\xff" * 20_000_000, "it is larger than 16777216 bytes"),
    ],
)
def test_crashed_commands_that_cannot_be_understood_are_named(directory: Path, content: bytes, reason: str) -> None:
    path = directory / "data" / "crashed_commands.json"
    path.write_bytes(content)
    status, output, error = start(directory, *own_endpoints())
    assert (status, output, error.count("\n")) == (1, "", 1), error
    assert error.startswith(f"matcher: data/crashed_commands.json cannot be read: {reason}")
    assert error.endswith("; remove it to go on without it\n")


def test_repair_makes_no_data_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "matcher.repair", "--data-dir=data"]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "repair: there is no data directory data\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--unknown"], ["--data-dir"], ["here"]])
def test_repair_tells_what_is_wrong_with_its_arguments_in_one_line(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "matcher.repair", *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert arguments[0] in done.stderr


# The instruments file


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "it is no regular file"),
        (os.mkfifo, "it is no regular file"),
        (
            lambda path: path.write_text("a = " + "[" * 100_000),
            "takes [[instrument]] tables, not values that are nested so deep",
        ),
        (lambda path: path.write_text("a" + ".a" * 1_000 + " = 1"), ""),
        (
            lambda path: path.write_text("a = " + "{a=" * 100_000),
            "takes [[instrument]] tables, not values that are nested so deep",
        ),
        (lambda path: path.write_text("a = " + "9" * 10_000), ""),
        (lambda path: path.write_text("a = 2020-13-45"), ""),
        (lambda path: path.write_bytes(b"\x00\x01\xff"), ""),
        (lambda path: path.write_bytes(b"# " + b"x" * 5_000_000), "it is larger than 1048576 bytes"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    ],
    ids=["directory", "pipe", "arrays", "keys", "tables", "number", "date", "binary", "huge", "dangling"],
)
def test_instruments_file_that_cannot_be_used(tmp_path: Path, make: Damage, reason: str) -> None:
    make(tmp_path / "list.toml")
    command = [sys.executable, "-m", "matcher", "--instruments=list.toml", *own_endpoints()]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith(f"matcher: --instruments: list.toml: {reason}")
    assert not (tmp_path / "data").exists()


@needs_another_user
def test_instruments_file_that_may_not_be_read(directory: Path) -> None:
    path = directory / "list.toml"
    path.touch(0)
    assert start(directory, "--instruments=list.toml") == (
        2,
        "",
        "matcher: --instruments: list.toml: Permission denied\n",
    )
