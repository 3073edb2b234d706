"""What the terminal makes of an account's stream over several shards, run by node."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from gateway.pages import STATIC

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's module with node")

Json = dict[str, Any]


def told(steps: list[tuple[str, Json]]) -> list[Any]:
    """What each step gives: `begin` all that is known then, `take` the update, or the error's name. At last the
    cursor."""
    script = f"""
      import("{STATIC / "terminal/own/shards.js"}").then(({{ Shards }}) => {{
        const shards = new Shards();
        const found = {json.dumps(steps)}.map(([step, message]) => {{
          try {{
            return step === "begin" ? (shards.begin(message), shards.all()) : shards.take(message);
          }} catch (error) {{
            return error.name;
          }}
        }});
        console.log(JSON.stringify([...found, shards.cursor]));
      }})"""
    found: list[Any] = json.loads(subprocess.run(["node", "-e", script], capture_output=True, check=True).stdout)
    return found


def order(order_id: str, timestamp: str, status: str = "open") -> Json:
    return {"order_id": order_id, "timestamp": timestamp, "status": status}


def start(shard: str, sequence: int, cursor: str, free: str, *orders: Json) -> Json:
    balances = [{"asset": "USDT", "free": free, "locked": "0.5"}]
    message = {"shard": shard, "sequence": sequence, "cursor": cursor, "orders": orders}
    return {**message, "ledger": True, "balances": balances}


def update(shard: str | None, sequence: int, previous: int, **more: Any) -> Json:
    named = {} if shard is None else {"shard": shard, "cursor": f"{shard}{sequence}"}
    return {**named, "sequence": sequence, "previous": previous, "orders": [], **more}


def test_orders_and_balances_of_all_shards_are_one_account() -> None:
    first, both, moved, closed, again, cursor = told(
        [
            ("begin", start("majors", 5, "5.", "1.5", order("1", "10"), order("2", "30"))),
            ("begin", start("rest", 7, "5.7", "2", order("3", "20"))),
            ("take", update("rest", 8, 7, ledger=True, balances=[{"asset": "USDT", "free": "4", "locked": "0"}])),
            ("take", update("majors", 9, 5, ledger=False, orders=[order("1", "10", "canceled")])),
            ("begin", start("rest", 12, "9.12", "3")),
        ]
    )
    assert [each["order_id"] for each in first["orders"]] == ["1", "2"]
    assert [each["order_id"] for each in both["orders"]] == ["1", "3", "2"]
    assert both["balances"] == [{"asset": "USDT", "free": "3.5", "locked": "1"}]
    assert moved["balances"] == [{"asset": "USDT", "free": "5.5", "locked": "0.5"}]
    assert (closed["ledger"], closed["balances"]) == (True, [{"asset": "USDT", "free": "4", "locked": "0"}])
    assert [each["order_id"] for each in again["orders"]] == ["2"]
    assert cursor == "9.12"


def test_each_shard_counts_its_own_updates() -> None:
    assert told(
        [
            ("begin", start("majors", 100, "100.", "1")),
            ("take", update("rest", 3, 2)),
            ("begin", start("rest", 7, "100.7", "2")),
            ("take", update("rest", 8, 7)),
            ("take", update("rest", 8, 7)),
            ("take", update("majors", 105, 102)),
        ]
    )[1::2] == ["RangeError", update("rest", 8, 7), "RangeError"]


def test_without_shards_the_sequence_is_the_cursor() -> None:
    message = {"sequence": 5, "orders": [], "ledger": False, "balances": []}
    assert told([("begin", message), ("take", update(None, 6, 5))])[1:] == [update(None, 6, 5), 6]
