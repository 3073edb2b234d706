"""Every command of the README and of the pages that it was cut into, as it is written there, in a shell that knows nothing of the virtual environment.

Only addresses are replaced, so that the exchange of the test is met and no other.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from matching_exchange import Client
from matching_exchange.tools.help import MODULES, path_of
from matching_exchange.tools.processes import free_ports
from protocol.book_checksum import book_checksum
from tests.exchange import PATIENCE, ROOT, Json, wait_until
from tests.scripts import Script, call, free_base, is_lively, running

PAGES = ("README.md", "docs/market-data.md", "docs/operations.md", "docs/replay.md")
README = "\n".join((ROOT / page).read_text() for page in PAGES)

BLOCKS = [(language, text) for language, text in re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]

COMMANDS = [
    line.partition("   #")[0].strip()
    for language, text in BLOCKS
    if language == "bash"
    for line in text.replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]

CURLS = [command for command in COMMANDS if command.startswith("curl ")]

INLINE = sorted(set(re.findall(r"`(scripts/[a-z_]+(?: [^`]*)?)`", README)))

RECORDING = """\
1430438404000 order_created {"order_type": 0, "price": "236.00", "amount": "1.00000000", "datetime": "1430438404", "id": 1}
1430438404100 order_created {"order_type": 1, "price": "236.00", "amount": "0.40000000", "datetime": "1430438404", "id": 2}
1430438404200 order_deleted {"order_type": 0, "price": "236.00", "amount": "0.60000000", "datetime": "1430438404", "id": 1}
"""


def bare_environment(more: Mapping[str, str]) -> dict[str, str]:
    """That of a login: no virtual environment, none of this checkout's programs on the PATH."""
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part)
    return {"PATH": path, "HOME": os.environ.get("HOME", "/"), "LANG": os.environ.get("LANG", "C.UTF-8"), **more}


class Place:
    """Where an exchange of the README's is to be: its ports and its data directory."""

    def __init__(self, directory: Path) -> None:
        self.port, *ports = free_ports(4)
        names = ("COMMANDS", "MARKET_DATA", "REPORTS")
        self.endpoints = dict(zip(names, (f"tcp://127.0.0.1:{port}" for port in ports), strict=True))
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = bare_environment(
            {
                "MATCHER_DATA_DIR": str(directory / "data"),
                "GATEWAY_PORT": str(self.port),
                **{
                    f"{process}_{name}": endpoint
                    for process in ("MATCHER", "GATEWAY")
                    for name, endpoint in self.endpoints.items()
                },
            }
        )

    def moved(self, text: str) -> str:
        """The text with the addresses of this exchange in place of the usual ones."""
        return text.replace("localhost:8000", f"localhost:{self.port}").replace(
            "tcp://127.0.0.1:5556", self.endpoints["MARKET_DATA"]
        )


@contextmanager
def started(command: str, directory: Path, environment: Mapping[str, str]) -> Iterator[Script]:
    """A command of the README that goes on until Ctrl-C."""
    assert command in COMMANDS or command in INLINE
    # Found from the checkout, whose directory stays as it is.
    with running(["bash", "-c", f"cd '{ROOT}' && exec {command}"], directory, environment) as script:
        yield script
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()


def run(command: str, environment: Mapping[str, str]) -> str:
    """The output of a command that must go well."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_until_open(script: Script) -> None:
    wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "an open exchange")
    assert "The exchange is open." in script.text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", ["scripts/run", "scripts/run --demo"])
def test_first_orders(tmp_path: Path, command: str) -> None:
    """In an empty exchange, and beside the demo."""
    place = Place(tmp_path)
    with started(command, tmp_path, place.environment) as script:
        wait_until_open(script)
        if "--demo" in command:
            wait_until(lambda: is_lively(place.url, "BTC-USDT"), "a lively market")
        answers: list[Json] = []
        for curl in CURLS:
            quiet = f"curl --silent --show-error --noproxy '*' {curl.removeprefix('curl ')}"
            answers.append(json.loads(run(place.moved(quiet), place.environment)))
            assert "code" not in answers[-1], (curl, answers[-1])
    sold, bought, looked_up = answers[:3]
    assert (sold["account"], bought["account"], looked_up["order_id"]) == ("alice", "bob", sold["order_id"])
    assert (bought["status"], bought["filled_quantity"]) == ("filled", "0.5")
    amended = next(answer for answer in answers if answer.get("price") == "30500")
    assert (amended["status"], amended["account"]) == ("open", "bob")
    if command == "scripts/run":
        [shown] = [json.loads(text) for language, text in BLOCKS if language == "json" and '"order_id"' in text]
        times = {name: bought[name] for name in ("timestamp", "updated", "working_since")}
        assert bought == {**shown, **times}


def test_ten_lines_of_market_data(tmp_path: Path) -> None:
    place = Place(tmp_path)
    [code] = [place.moved(text) for language, text in BLOCKS if language == "python" and "trades/BTC-USDT/" in text]
    with started("scripts/run", tmp_path, place.environment) as script:
        wait_until_open(script)
        command = [str(ROOT / ".venv/bin/python"), "-u", "-c", code]
        with subprocess.Popen(
            command, cwd=tmp_path, env=place.environment, stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline().startswith("instrument ")
            reader.kill()


def test_a_reader_of_a_book_in_python(tmp_path: Path) -> None:
    place = Place(tmp_path)
    [code] = [place.moved(text) for language, text in BLOCKS if language == "python" and '"book/BTC-USDT/"' in text]
    sell, *_ = [curl for curl in CURLS if '"sell"' in curl and '"limit"' in curl]
    with started("scripts/run", tmp_path, place.environment) as script:
        wait_until_open(script)
        command = [str(ROOT / ".venv/bin/python"), "-u", "-c", code]
        with subprocess.Popen(
            command, cwd=tmp_path, env=place.environment, stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "1 None None\n"
            run(place.moved(f"curl --silent --noproxy '*' {sell.removeprefix('curl ')}"), place.environment)
            number, bid, ask = reader.stdout.readline().split()
            assert (number, bid) == ("2", "None")
            assert int(ask) > 0
            reader.kill()


def test_the_documented_checksum_is_that_of_the_exchange() -> None:
    [code] = [text for language, text in BLOCKS if language == "python" and text.startswith("def checksum(")]
    names: dict[str, Any] = {"zlib": zlib}
    exec(code, names)
    bids, asks = {5999: 30, 5998: 7}, {6002: 5, 6001: 1200}
    assert names["checksum"](bids, asks) == 1_634_165_974 == book_checksum(bids.items(), sorted(asks.items()))


def test_the_stream_of_an_account_in_python(tmp_path: Path) -> None:
    place = Place(tmp_path)
    page = (ROOT / "docs" / "order-management.md").read_text()
    [code] = [place.moved(text) for text in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
    buy, *_ = [curl for curl in CURLS if '"account":"bob"' in curl and '"limit"' in curl]
    with started("scripts/run", tmp_path, place.environment) as script:
        wait_until_open(script)
        command = [str(ROOT / ".venv/bin/python"), "-u", "-c", code]
        with subprocess.Popen(
            command, cwd=tmp_path, env=place.environment, stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline().startswith("orders ")
            run(place.moved(f"curl --silent --noproxy '*' {buy.removeprefix('curl ')}"), place.environment)
            assert "'event': 'placed'" in reader.stdout.readline()
            reader.kill()


def test_the_first_python(tmp_path: Path) -> None:
    place = Place(tmp_path)
    [code] = [text for language, text in BLOCKS if language == "python" and "import Client" in text]
    with started("scripts/run", tmp_path, place.environment) as script:
        wait_until_open(script)
        (tmp_path / "lines.py").write_text(code)
        environment = {**place.environment, "EXCHANGE_URL": place.url}
        with Client(place.url, account="alice") as client:
            client.place("BTC-USDT", "buy", quantity="1", price="60000")
        told = run(f"{ROOT / '.venv/bin/python'} {tmp_path / 'lines.py'}", environment)
        assert told.splitlines() == ["open 59500", "canceled"]


def test_a_backup_of_a_running_exchange_and_its_restoration(tmp_path: Path) -> None:
    place = Place(tmp_path)
    first, second = (command for command in COMMANDS if command.startswith(("scripts/backup", "scripts/restore")))
    with started("scripts/run", tmp_path, place.environment) as exchange:
        wait_until_open(exchange)
        made = run(re.sub(r"\b(backups/|data-again)", rf"{tmp_path}/\1", first), place.environment)
    restored = run(re.sub(r"\b(backups/|data-again)", rf"{tmp_path}/\1", second), place.environment)
    assert made.splitlines()[1:] == restored.splitlines()[1:-1]
    (tmp_path / "again").mkdir()
    environment = {**place.environment, "MATCHER_DATA_DIR": f"{tmp_path}/data-again"}
    with started("scripts/run", tmp_path / "again", environment) as again:
        wait_until_open(again)
        told = call(f"{place.url}/admin/digest")
    assert told is not None
    assert f"digest    {told['digest']}" in made


def test_subscriber(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with started("scripts/run", tmp_path, place.environment) as exchange:
        wait_until_open(exchange)
        (tmp_path / "subscriber").mkdir()
        with started("scripts/subscribe BTC-USDT", tmp_path / "subscriber", place.environment) as script:
            wait_until(lambda: "BTC-USDT is trading" in script.text(), "the instrument")


def test_second_exchange(tmp_path: Path) -> None:
    """Beside one at other ports; the numbers of the README's are replaced by those of free ports."""
    base = free_base()
    environment = bare_environment({"MATCHER_DATA_DIR": str(tmp_path / "data")})
    first, subscribe, load_test = (command for command in COMMANDS if re.search(r"scripts/.*\b900\d", command))

    def moved(command: str) -> str:
        return re.sub(r"900(\d)", lambda digit: str(base + int(digit[1])), command)

    with running(["bash", "-c", f"cd '{ROOT}' && exec {moved(first)}"], tmp_path, environment) as exchange:
        wait_until_open(exchange)
        assert call(f"http://127.0.0.1:{base}/health")
        (tmp_path / "subscriber").mkdir()
        with running(
            ["bash", "-c", f"cd '{ROOT}' && exec {moved(subscribe)}"], tmp_path / "subscriber", environment
        ) as script:
            wait_until(lambda: "BTC-USDT is trading" in script.text(), "the instrument")
        assert "looked up" in run(moved(load_test) + " --rate 50 --seconds 1", environment)
        assert exchange.interrupt() == 0


def test_replays(tmp_path: Path) -> None:
    place = Place(tmp_path)
    recording = tmp_path / "recording.log"
    recording.write_text(RECORDING)
    (tmp_path / "recording.gz").write_bytes(gzip.compress(RECORDING.encode()))
    replays = [command for command in COMMANDS if "scripts/replay " in command]
    assert len(replays) == 4
    with started("scripts/run", tmp_path, place.environment) as script:
        wait_until_open(script)
        for command in replays:
            moved = command.replace("FILE.gz", str(tmp_path / "recording.gz")).replace("FILE", str(recording))
            assert "3" in run(moved, place.environment)


def test_tests() -> None:
    """Which go on to collect, and no further."""
    assert "scripts/test" in COMMANDS
    output = run(
        "scripts/test",
        bare_environment({"PYTEST_ADDOPTS": "--collect-only --quiet tests/unit/process/test_readiness.py"}),
    )
    assert "tests collected" in output


def test_no_command_is_left_out() -> None:
    """Containers are tried in tests/compose."""
    tried = {"scripts/run", "scripts/run --demo", "scripts/test"}
    kinds = (
        "curl ",
        "scripts/replay ",
        "zcat FILE.gz | scripts/replay ",
        "scripts/run --ports ",
        "scripts/subscribe ",
        "scripts/backup ",
        "scripts/restore ",
        "scripts/load_test ",
        "docker compose ",
        "HISTORY_DATABASE=postgresql://exchange:exchange@postgres/exchange docker compose ",
    )
    assert [command for command in COMMANDS if command not in tried and not command.startswith(kinds)] == []


@pytest.mark.parametrize("command", INLINE)
def test_command_in_the_text_is_one_that_there_is(command: str) -> None:
    script, *arguments = command.removeprefix("scripts/").split()
    assert (ROOT / "scripts" / script).is_file()
    for flag in (argument for argument in arguments if argument.startswith("-")):
        assert script in MODULES
        assert flag in path_of(script).read_text(), f"{script} takes no {flag}"


def test_no_command_needs_an_active_environment() -> None:
    """`python` alone stands for nothing in a shell without one; in a container it is the right one."""
    for command in COMMANDS:
        assert not re.match(r"(python|pip|pytest)\b", command)
    for found in re.finditer(r"`(?:\S+ )*python -m [^`]*`", README):
        line = README[README.rfind("\n", 0, found.start()) : README.find("\n", found.end())]
        assert "container" in line or "docker" in line, found[0]
