"""The page of a sweep: small multiples of distributions, and their table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matching_exchange.process.version import VERSION
from matching_exchange.sim.plots.markup import Markup, element
from matching_exchange.sim.plots.page import facts, figure, page, plots, section, table
from matching_exchange.sim.plots.strips import Strip, strip_chart
from matching_exchange.sim.result import text
from matching_exchange.sim.result.lines import BY_KEY, title_of
from matching_exchange.sim.sweeps.distribution import Distribution
from matching_exchange.sim.sweeps.outcomes import SweepError
from matching_exchange.sim.sweeps.sweep_result import Group, interval_text, told

if TYPE_CHECKING:
    from matching_exchange.sim.sweeps.sweep_result import SweepResult

FIGURES: Final = (
    "pnl",
    "max_drawdown",
    "turnover",
    "fill_ratio",
    "maker_share",
    "slippage_bps",
    "position",
    "queue_time",
)
"""Those that have a plot, where any run tells them."""

STYLES: Final = ("s1", "s2", "s3", "s4", "s5", "s6")

ABREAST: Final = 24
"""Rows of one plot; the table has them all."""

NOTE: Final = (
    "A stroke is a run. Shaded: from quartile to quartile. Line: median. Diamond: mean, with its 95 % interval."
)

HEADS: Final = ("", "Runs", "Mean", "95 % interval", "Least", "5 %", "25 %", "Median", "75 %", "95 %", "Greatest")


def report_of(result: "SweepResult", title: str, figures: Sequence[str] | None) -> str:
    for key in figures or ():
        if key not in BY_KEY:
            raise SweepError(f"figures: takes some of {', '.join(BY_KEY)}, not {key}")
    groups = result.groups()
    agents = list(dict.fromkeys((group.agent, group.quote) for group in groups))
    parts = [_facts(result)]
    for agent, quote in agents:
        own = [group for group in groups if (group.agent, group.quote) == (agent, quote)]
        name = f"Agent {agent}" + (f", {quote}" if len({q for a, q in agents if a == agent}) > 1 else "")
        parts += _agent(name, own, figures or FIGURES)
    if not groups:
        parts.append(section("Result", element("p", "No run tells a figure.", class_="note")))
    if result.failures:
        rows = [[str(failure.number), failure.text] for failure in result.failures]
        failed = table("Each with its seed and parameters", ["Run", "What happened"], [("", rows)], "failed")
        parts.append(section("Failed runs", failed))
    parts.append(element("footer", element("p", "This file is complete: it loads nothing.", class_="note")))
    return page(title, f"{text.count(len(result.runs))} runs", parts)


def _facts(result: "SweepResult") -> Markup:
    seeds = dict.fromkeys(str(run.seed) for run in result.runs)
    pairs = [
        ("Runs", text.count(len(result.runs))),
        ("Failed", text.count(len(result.failures))),
        ("Seeds", text.count(len(seeds))),
        ("Interrupted", "yes" if result.interrupted else "no"),
        ("Version", f"matching-exchange {VERSION}"),
    ]
    values = {name: dict.fromkeys(str(run.parameters[name]) for run in result.runs) for name in result.parameters}
    return facts(pairs, [(name, ", ".join(found)) for name, found in values.items()])


def _agent(name: str, groups: Sequence[Group], keys: Sequence[str]) -> list[Markup]:
    charts, tables = [], []
    for key in keys:
        found = [(group, distribution) for group in groups if (distribution := group.distribution(key)) is not None]
        if not found:
            continue
        title = title_of(BY_KEY[key], groups[0].quote)
        charts.append(_chart(key, title, found[:ABREAST], len(found)))
        tables.append((title, [_row(key, group, distribution) for group, distribution in found]))
    return [
        section(name, element("p", NOTE, class_="note"), plots(charts), table(f"{name}: distributions", HEADS, tables))
    ]


def _chart(key: str, title: str, found: Sequence[tuple[Group, Distribution]], count: int) -> Markup:
    values = [value for group, _ in found for value in group.values(key)]
    decimals = _decimals(key, max(values) - min(values), max(map(abs, values)))
    scale: int = 10**decimals

    def units(value: float) -> int:
        return round(value * _factor(key) * scale)

    strips = []
    for place, (group, told_) in enumerate(found):
        interval = None if told_.low is None or told_.high is None else (units(told_.low), units(told_.high))
        strips.append(
            Strip(
                f"{group.name or group.agent}: {told(key, told_.mean)}",
                STYLES[place % len(STYLES)],
                [units(value) for value in group.values(key)],
                (units(told_.q25), units(told_.q75)),
                units(told_.median),
                units(told_.mean),
                interval,
            )
        )
    note = "" if count <= len(found) else f"{len(found)} of {count} combinations are shown."
    title += _unit(key)
    return figure(title, strip_chart(title, strips, decimals), note)


def _unit(key: str) -> str:
    """That of a plot's axis, if the title does not tell it."""
    to_text = BY_KEY[key].text
    return ", %" if to_text is text.percent else ", seconds" if to_text is text.duration else ""


def _factor(key: str) -> float:
    """Shares are drawn in percent, durations in seconds."""
    to_text = BY_KEY[key].text
    return 100 if to_text is text.percent else 1e-9 if to_text is text.duration else 1


def _decimals(key: str, span: float, largest: float) -> int:
    """Enough to tell the runs apart."""
    size = (span or largest or 1) * _factor(key)
    decimals = 0
    while size * 10**decimals < 1_000 and decimals < 12:
        decimals += 1
    return decimals


def _row(key: str, group: Group, found: Distribution) -> list[str]:
    parts = (found.minimum, found.q05, found.q25, found.median, found.q75, found.q95, found.maximum)
    return [
        group.name or group.agent,
        text.count(found.runs),
        told(key, found.mean),
        interval_text(key, found),
        *(told(key, value) for value in parts),
    ]
