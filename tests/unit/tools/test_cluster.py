"""The cluster of one machine: who is started again, and which ports its parts have."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from matching_exchange.tools.cluster import __main__ as command
from matching_exchange.tools.cluster.etcd import SETTINGS, NotInstalledError, find
from matching_exchange.tools.cluster.layout import (
    Layout,
    LayoutError,
    anywhere,
    from_base,
    gateway_settings,
    matcher_settings,
    note,
    noted,
    usual,
)
from matching_exchange.tools.cluster.supervisor import DIVERGED, FENCED, Supervisor
from protocol.shards import read_shards


class FakePart:
    """A process that ends when it is told to. `calls` are shared, in their order."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name = name
        self.log = Path(f"{name}.log")
        self.end: int | None = None
        self._calls = calls

    def start(self) -> None:
        self.end = None
        self._calls.append(f"start {self.name}")

    def ask_to_stop(self) -> None:
        self._calls.append(f"ask {self.name}")

    def close(self) -> None:
        self._calls.append(f"close {self.name}")


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.lines: list[str] = []
        self.now = 100.0
        self.log, self.first, self.second, self.gateway = (
            FakePart(name, self.calls) for name in ("etcd-0", "matcher 0", "matcher 1", "gateway")
        )
        monkeypatch.setattr("matching_exchange.tools.cluster.supervisor.time.monotonic", lambda: self.now)
        self.supervisor = Supervisor([[self.log], [self.first, self.second], [self.gateway]], self.lines.append)
        for group in range(3):
            self.supervisor.start(group)
        self.calls.clear()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_replaced_leader_starts_again_at_once_as_a_standby(world: World) -> None:
    world.first.end = FENCED
    world.supervisor.look()
    world.supervisor.look()
    assert world.calls == ["start matcher 0"]
    assert world.lines == ["matcher 0 does not lead any more: it starts again as a standby"]


def test_a_matcher_that_has_computed_otherwise_stays_down(world: World) -> None:
    world.second.end = DIVERGED
    for _ in range(3):
        world.now += 100
        world.supervisor.look()
    assert world.calls == []
    assert world.lines == ["matcher 1 has computed otherwise than its leader, and is not started again: matcher 1.log"]


def test_what_ends_starts_again_after_a_pause_that_doubles(world: World) -> None:
    world.log.end = -9
    world.supervisor.look()
    assert (world.calls, world.lines) == ([], ["etcd-0 has ended by signal 9: it starts again in 0.5 s (etcd-0.log)"])
    world.now += 0.5
    world.supervisor.look()
    assert world.calls == ["start etcd-0"]
    world.log.end = 1
    world.supervisor.look()
    assert world.lines[-1] == "etcd-0 has ended with status 1: it starts again in 1 s (etcd-0.log)"


def test_a_status_of_3_means_something_for_matchers_alone(world: World) -> None:
    world.gateway.end = FENCED
    world.supervisor.look()
    assert world.lines == ["gateway has ended with status 3: it starts again in 0.5 s (gateway.log)"]


def test_the_gateway_stops_first_and_the_log_last_each_group_at_once(world: World) -> None:
    world.supervisor.stop()
    assert world.calls == [
        *("ask gateway", "close gateway"),
        *("ask matcher 0", "ask matcher 1", "close matcher 0", "close matcher 1"),
        *("ask etcd-0", "close etcd-0"),
    ]


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("make", [usual, partial(from_base, 21_000), anywhere])
def test_no_two_sockets_have_one_port(make: Callable[[int], Layout], shards: int) -> None:
    ports = list(make(shards).named_ports.values())
    assert len(ports) == len(set(ports)) == 1 + 3 * 4 * shards + 3 * 2


def test_a_base_gives_the_gateway_that_port_and_the_others_those_behind_it() -> None:
    layout = from_base(21_000)
    assert layout.gateway == 21_000
    assert max(layout.named_ports.values()) < 21_000 + 40
    assert max(from_base(21_000, 3).named_ports.values()) < 21_000 + 95


def test_each_node_knows_all_nodes_and_the_gateway_knows_them_too(tmp_path: Path) -> None:
    layout = usual(1)
    nodes = [matcher_settings(layout, node, tmp_path) for node in layout.nodes]
    assert [each["MATCHER_BASE"] for each in nodes] == ["127.0.0.1:5555", "127.0.0.1:5565", "127.0.0.1:5575"]
    assert {each["MATCHER_PEERS"] for each in nodes} == {"127.0.0.1:5555,127.0.0.1:5565,127.0.0.1:5575"}
    assert {each["MATCHER_LOG"] for each in nodes} == {"etcd://127.0.0.1:2379,127.0.0.1:2381,127.0.0.1:2383/exchange"}
    assert len({each["MATCHER_DATA_DIR"] for each in nodes}) == 3
    gateway = gateway_settings(usual(1), tmp_path, {})
    assert gateway["GATEWAY_MATCHERS"] == nodes[0]["MATCHER_PEERS"]
    assert gateway["GATEWAY_HOST"] == "127.0.0.1"


def test_a_key_file_that_is_given_stays(tmp_path: Path) -> None:
    assert "GATEWAY_KEY_FILE" not in gateway_settings(usual(1), tmp_path, {"GATEWAY_KEY_FILE": "/keys/server.key"})


def test_a_directory_keeps_the_ports_of_its_first_start(tmp_path: Path) -> None:
    assert noted(tmp_path) is None
    note(from_base(21_000), tmp_path / "cluster")
    assert noted(tmp_path / "cluster") == from_base(21_000)
    options = command.parse([f"--data-dir={tmp_path / 'cluster'}", "--ports=22000"])
    with pytest.raises(LayoutError, match=r"--ports: .* has ports from its first start \(gateway 21000\)"):
        command.choose(options)


def test_shards_have_a_map_a_log_and_three_matchers_each(tmp_path: Path) -> None:
    layout = from_base(21_000, 2)
    note(layout, tmp_path)
    shards = read_shards((tmp_path / "shards.toml").read_text())
    assert [(shard.name, shard.default) for shard in shards.shards] == [("shard-0", True), ("shard-1", False)]
    assert (shards.number_of("BTC-USDT"), shards.number_of("ETH-USDT"), shards.number_of("NEW-USDT")) == (0, 1, 0)
    settings = [matcher_settings(layout, node, tmp_path) for node in layout.nodes]
    assert [each["MATCHER_SHARD"] for each in settings] == 3 * ["shard-0"] + 3 * ["shard-1"]
    assert [each["MATCHER_NODE"] for each in settings] == 2 * ["0", "1", "2"]
    for each, shard in zip(settings[::3], shards.shards, strict=True):
        assert tuple(each["MATCHER_PEERS"].split(",")) == shard.matchers
        assert each["MATCHER_LOG"].endswith(f"/{shard.name}")
    gateway = gateway_settings(layout, tmp_path, {})
    assert gateway["GATEWAY_SHARDS"] == str(tmp_path / "shards.toml")
    assert "GATEWAY_MATCHERS" not in gateway
    with pytest.raises(LayoutError, match=r"^--shards: .* has 2 from its first start$"):
        command.choose(command.parse([f"--data-dir={tmp_path}", "--shards=3"]))


def test_a_note_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text("{")
    with pytest.raises(LayoutError, match=r"cluster\.json cannot be read"):
        noted(tmp_path)


def test_without_etcd_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalledError, match=r"^etcd is not installed \(on Debian: apt install etcd-server; .*\)$"):
        find(None)
    with pytest.raises(NotInstalledError, match=r"^--etcd: /no/etcd is no program"):
        find("/no/etcd")


def test_the_log_is_never_run_without_syncs() -> None:
    assert not any("unsafe" in setting for setting in SETTINGS)


@pytest.mark.parametrize(
    "arguments", [("--ports", "0"), ("--ports", "65500"), ("--shards", "4"), ("--ports", "many"), ("--unknown",)]
)
def test_a_bad_argument_ends_with_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.parse(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert arguments[-1] in printed.err
