"""How quickly a history follows, beside the bare database, and how long its pages take."""

import shutil
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from matcher.core.digest import digest
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.data import write_journal
from matching_exchange.tools.bench.history_pages import HistoryPages
from matching_exchange.tools.bench.history_written import HistoryWritten
from matching_exchange.tools.bench.machine import time_look_ups
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.mix import Mix
from matching_exchange.tools.bench.table import Row, Target, Yardstick, look_up_yardstick, row
from protocol.session import FRAME_COMMANDS

PER_SECOND: Final = 500_000
"""Commands for each second of a round: the indices are as large as those of a history of some minutes."""

TRADES: Final = 10_000_000
QUICK_TRADES: Final = 20_000


def history(plan: Plan) -> Iterator[Row]:
    """The suite."""
    yield from following(plan)
    yield from reading(plan)


def following(plan: Plan) -> Iterator[Row]:
    plan.tell("preparing a journal")
    mix = Mix(plan.seed)
    commands = int(plan.seconds * PER_SECOND)
    journal = plan.directory / "history"
    write_journal(journal, islice(mix, commands), FRAME_COMMANDS)
    expected = digest(mix.engine.registry)
    found: list[HistoryWritten] = []
    plan.tell("a history follows")
    _, look_ups = take_turns(plan.rounds, partial(follow, journal, expected, mix.trades, found), time_look_ups)
    rates = [each.commands / (each.replay + each.take + each.write) for each in found]
    bare_rates = [each.commands / each.bare for each in found]
    bare = Yardstick("bare executemany of its rows", median(bare_rates), "commands/s")
    yield row("a history follows, SQLite", spread(rates), "commands/s", bare, Target(50_000), quick=plan.quick)
    yield row("bare executemany of its rows", spread(bare_rates), "commands/s", look_up_yardstick(look_ups))
    yield row("a history, to bare executemany", ratio(rates, bare_rates), "ratio")
    whole = Yardstick("the whole way", median(1e9 / rate for rate in rates), "ns")
    for name, seconds in (
        ("replay and gather", [each.replay for each in found]),
        ("sort, and make candles", [each.take for each in found]),
        ("write", [each.write for each in found]),
        ("processor time", [each.processor for each in found]),
    ):
        per_command = [each / one.commands * 1e9 for each, one in zip(seconds, found, strict=True)]
        yield row(f"a history, {name}", spread(per_command), "ns a command", whole)
    yield row("rows of a command", spread([sum(each.rows.values()) / each.commands for each in found]), "rows")


def follow(journal: Path, expected: str, trades: int, found: list[HistoryWritten]) -> float:
    """One round in a fresh process. Raises BenchError if something else comes of it than must."""
    module = "matching_exchange.tools.bench.history_written"
    written = measure_in_child(module, [str(journal)], HistoryWritten)
    for name in ("history", "bare"):
        for file in journal.glob(f"{name}.sqlite*"):
            file.unlink()
    if written.digest != expected:
        raise BenchError(f"the history's engine: {written.digest}, not {expected}")
    if written.rows != written.bare_rows or written.rows["trades"] != trades or written.rows["fills"] != 2 * trades:
        raise BenchError(f"{trades} trades: the tables have {written.rows}, the bare ones {written.bare_rows}")
    if not written.pages:
        raise BenchError("nothing was read meanwhile")
    found.append(written)
    return written.write


def reading(plan: Plan) -> Iterator[Row]:
    trades = QUICK_TRADES if plan.quick else TRADES
    plan.tell(f"a history of {trades:,} trades")
    directory = plan.directory / "history-pages"
    module = "matching_exchange.tools.bench.history_pages"
    path = directory / "history.sqlite"
    pages = measure_in_child(module, [str(path), str(trades), str(plan.seed)], HistoryPages).pages
    shutil.rmtree(directory)
    target = Target(50, at_most=True)
    yield row("page of 1,000 trades, p99", spread([pages.pop("trades")]), "ms", None, target, quick=plan.quick)
    slowest = max(pages, key=lambda name: pages[name])
    name = "page of 1,000 candles, p99, slowest interval"
    yield row(name, spread([pages[slowest]]), "ms", Yardstick(slowest, pages[slowest], "ms"), target, quick=plan.quick)
