"""Killed again and again under load: nothing that was answered is lost or doubled, and the recovered books are those of
the naive engine.

A soak: TORTURE_KILLS=200 pytest --timeout=0 tests/torture/test_kills.py
"""

import os
import secrets
from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.state import Caused
from matching_exchange.tools.torture.replay import replay
from matching_exchange.tools.torture.run import Plan, torture
from protocol.events import Answer
from protocol.units import Side
from tests.oracle.naive_engine import NaiveEngine
from tests.tape import without_wording

KILLS = int(os.environ.get("TORTURE_KILLS", "20"))
SEED = int(os.environ.get("TORTURE_SEED", secrets.randbelow(10**9)))

CALM = 0.2
PAUSE = 0.005
"""Seconds. The naive engine's time grows with the square of the number of orders, so clients here are not hasty."""

EVERYDAY = {
    "account set",
    "amended",
    "canceled, cancel_after",
    "canceled, expired",
    "canceled, oco",
    "canceled, self_trade",
    "ledger set",
    "money moved, deposit",
    "money moved, transfer",
    "money moved, withdrawal",
    "placed",
    "rejected, account_suspended",
    "rejected, insufficient_balance",
    "traded",
    "transfer sent again",
    "trigger moved",
    "triggered",
}
"""What happens in every run: commands and terms of all kinds are mixed in."""

pytestmark = pytest.mark.timeout(0 if KILLS > 20 else 120)


class Oracle:
    """Follows a replay with the naive engine, which has to say the same of each command."""

    def __init__(self) -> None:
        self.engine = NaiveEngine()

    def watch(self, engine: Engine, time: int, caused: Caused, answer: Answer) -> None:
        expected = self.engine.apply(caused.sequence, time, caused.command)
        said = [without_wording(event) for event in caused.events]
        assert [without_wording(event) for event in expected] == said, caused.command


def books(engine: Engine) -> dict[str, list[list[tuple[int, int]]]]:
    """Bids, asks and pending orders of each symbol: order_id and remaining quantity, the resting ones in the order of
    their queues."""
    return {
        symbol: [
            *(
                [(order.order_id, order.remaining) for level in levels for order in level]
                for levels in (book.bids, book.asks)
            ),
            sorted((order.order_id, order.remaining) for order in book.triggers.pending.values()),
        ]
        for symbol, book in engine.registry.books.items()
    }


def naive_books(engine: NaiveEngine) -> dict[str, list[list[tuple[int, int]]]]:
    return {
        symbol: [
            *([(order.order_id, order.remaining) for order in engine.resting(symbol, side)] for side in Side),
            sorted((order.order_id, order.remaining) for order in engine.pending(symbol)),
        ]
        for symbol in engine.instruments
    }


def test_nothing_that_was_answered_is_lost_or_doubled(tmp_path: Path) -> None:
    plan = Plan(KILLS, SEED, clients=5, snapshot_every=50, calm=CALM, pause=PAUSE)
    report = torture(plan, tmp_path, lambda kills, answered: None)
    assert report.promises
    assert [promise for promise in report.promises if promise.broken] == [], f"TORTURE_SEED={SEED}"
    assert report.kills[-1].kills == KILLS
    assert report.snapshots_written > 0
    assert report.retried > 0, "no kill has hit anybody"
    assert report.transfers.answered > 0 and report.transfers.sums_exact
    assert report.stream_updates > 0 and report.stream_resumed > 0
    assert set(report.happened) >= EVERYDAY
    assert len(report.digests) >= 3 and len(set(report.digests.values())) == 1, f"TORTURE_SEED={SEED}"
    oracle = Oracle()
    state = replay(tmp_path / "data", oracle.watch)
    assert books(state.engine) == naive_books(oracle.engine)
    assert any(bids or asks for bids, asks, _ in books(state.engine).values()), "there was nothing to compare"
