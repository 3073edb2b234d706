"""Two shards, each with a replicated log of its own in one etcd: a node that takes over leads its shard alone."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from protocol.shards import first_order_id
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import Json, Process, good, wait_until
from tests.sharded import ShardedGateway, free_bases

SHARDS = ("majors", "rest")
FIRST = first_order_id(1)


@pytest.fixture
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as etcd:
        yield etcd


def map_of(bases: dict[str, list[int]]) -> str:
    majors, rest = ([f"127.0.0.1:{base}" for base in bases[name]] for name in SHARDS)
    return (
        f'[[shard]]\nname = "majors"\nmatchers = {majors}\nsymbols = ["BTC-USDT"]\n'
        f'[[shard]]\nname = "rest"\nmatchers = {rest}\ndefault = true\n'
    )


def node(directory: Path, etcd: EtcdCluster, shard: str, number: int, bases: list[int], map_file: Path) -> Process:
    own = directory / f"{shard}-{number}"
    own.mkdir()
    arguments = [
        f"--base=127.0.0.1:{bases[number]}",
        f"--log={etcd.url(shard)}",
        f"--node={number}",
        "--peers=" + ",".join(f"127.0.0.1:{base}" for base in bases),
        f"--data-dir={own / 'data'}",
        f"--shards={map_file}",
        f"--shard={shard}",
    ]
    return Process("matcher", own, arguments)


def test_a_takeover_in_one_shard_leaves_the_other_alone(tmp_path: Path, etcd: EtcdCluster) -> None:
    *ports, last = free_bases(5)
    bases = {"majors": ports[:2], "rest": ports[2:]}
    map_file = tmp_path / "shards.toml"
    map_file.write_text(map_of(bases))
    nodes = {
        (shard, number): node(tmp_path, etcd, shard, number, bases[shard], map_file)
        for shard in SHARDS
        for number in range(2)
    }
    gateway = ShardedGateway(tmp_path, last, map_file)

    def place(symbol: str) -> int:
        """The order_id of a new order; 0 where nobody takes it yet."""
        body = {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "1", "price": "100"}
        answer = gateway.http.post("/orders", json=body)
        return int(good(answer)["order_id"]) if answer.status_code != 503 else 0

    def groups() -> dict[str, Json]:
        return {group["shard"]: group for group in good(gateway.http.get("/health"))["groups"]}

    def all_is_well() -> bool:
        health = good(gateway.http.get("/health"))
        shards, heard = health["shards"], health["groups"]
        return all(each["status"] == "ok" and not each["warnings"] for each in shards) and all(
            {member["role"] for member in group["nodes"]} == {"leader", "standby"} for group in heard
        )

    with ExitStack() as closing:
        for process in (*nodes.values(), gateway):
            closing.callback(process.close)
            process.start()
        gateway.wait_until_ready()
        wait_until(all_is_well, "a leader and a standby in each shard, and no warning of a map")
        before = groups()
        assert wait_until(lambda: place("BTC-USDT"), "an order") == 1
        assert wait_until(lambda: place("ETH-USDT"), "an order") == FIRST + 1

        leader = next(member for member in before["rest"]["nodes"] if member["role"] == "leader")
        nodes["rest", leader["node"]].kill()
        # It goes on with the ids of its shard.
        assert wait_until(lambda: place("ETH-USDT"), "an order that the next leader takes") == FIRST + 2
        assert good(gateway.http.get(f"/orders/{FIRST + 1}"))["symbol"] == "ETH-USDT"
        assert groups()["rest"]["epoch"] != before["rest"]["epoch"]
        assert groups()["majors"]["epoch"] == before["majors"]["epoch"]
        assert place("BTC-USDT") == 2
