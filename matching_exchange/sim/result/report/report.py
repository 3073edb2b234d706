"""The page of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matching_exchange.process.version import VERSION
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.plots.axes import stamp
from matching_exchange.sim.plots.markup import Markup, element, joined
from matching_exchange.sim.plots.page import facts, page, plots, section, table, tiles
from matching_exchange.sim.result import text
from matching_exchange.sim.result.figures import Figures
from matching_exchange.sim.result.lines import GROUPS, LINES, heading, title_of
from matching_exchange.sim.result.report.charts import (
    STYLES,
    Scope,
    lifetime_chart,
    market_chart,
    markout_chart,
    position_chart,
    price_chart,
    profit_charts,
    queue_chart,
    spread_chart,
)

if TYPE_CHECKING:
    from matching_exchange.sim.result.result import Result

DRAWN: Final = len(STYLES)
"""Agents with charts of their own, and lines in one chart."""

ABREAST: Final = 12
"""Columns of the table of all figures; the others are told in a line."""

OVERVIEW: Final = (
    "pnl", "turnover", "max_drawdown", "sharpe", "fills", "maker_share", "slippage_bps", "fill_ratio",
)  # fmt: skip
MOST: Final = 100
"""Rows of the overview."""

IDLE: Final = "The exchange took no order of it."
NOTHING: Final = "No agent is measured."


def report_of(result: "Result", title: str, agents: Sequence[str] | None) -> str:
    """The text of the page. agents: those that have charts, at most DRAWN; None for the first ones."""
    record = result.record
    wanted = list(result.agents if agents is None else agents)
    figures = [found for found in result.all_figures() if found.agent in wanted]
    symbols = ", ".join(instrument.symbol for instrument in record.instruments)
    parts = [_facts(result)]
    if not figures:
        parts.append(section("Result", element("p", NOTHING, class_="note")))
        places = range(len(record.instruments))
        prices = [chart(result.rows, symbol) for symbol in places for chart in (market_chart, spread_chart)]
        parts.append(section("Market", plots(prices)))
    else:
        parts.append(section("Result", *_overview(figures)))
        parts += _charts(result, wanted[:DRAWN], len(wanted))
        parts.append(section("All figures", *_all(figures)))
    parts.append(_formulas())
    parts.append(element("footer", element("p", "This file is complete: it loads nothing.", class_="note")))
    return page(title, f"{symbols} over {text.duration(result.duration)}", parts)


def _facts(result: "Result") -> Markup:
    record = result.record
    pairs = [
        ("Seed", record.seed),
        ("Start", stamp(record.start)),
        ("Duration", text.duration(result.duration)),
        ("Instruments", ", ".join(instrument.symbol for instrument in record.instruments)),
        ("Agents", text.count(len(record.agents))),
        *((name.replace("_", " ").capitalize(), text.count(value)) for name, value in sorted(record.counts.items())),
        ("Version", f"matching-exchange {VERSION}"),
    ]
    wide = [*sorted(result.parameters.items()), *_latencies(record), ("Digest of the run", result.digest)]
    return facts(pairs, wide)


def _latencies(record: Record) -> list[tuple[str, str]]:
    """Each latency once, with the agents that have it."""
    agents: dict[str, list[str]] = {}
    for name, latency in zip(record.agents, record.latencies, strict=True):
        agents.setdefault(latency, []).append(name)
    if len(agents) == 1:
        return [("Latency of all agents", latency) for latency in agents]
    return [(f"Latency of {_some(names)}", latency) for latency, names in agents.items()]


def _some(names: Sequence[str]) -> str:
    rest = len(names) - DRAWN
    return ", ".join(names[:DRAWN]) + (f" and {rest} more" if rest > 0 else "")


def _overview(figures: Sequence[Figures]) -> list[Markup]:
    if len(figures) == 1:
        return [_tiles(figures[0])]
    quote = _common_quote(figures)
    lines = [line for line in LINES if line.key in OVERVIEW]
    heads = ["Agent", *(line.title for line in lines)]
    rows = [[heading(found), *(line.text(line.value(found)) for line in lines)] for found in figures[:MOST]]
    parts = [table(f"Amounts are in {quote or 'the quote of each'}", heads, [("", rows)])]
    if len(figures) > MOST:
        parts.append(element("p", f"{len(figures) - MOST} more are not shown.", class_="note"))
    return parts


def _tiles(found: Figures) -> Markup:
    return tiles(
        [
            (f"Profit after fees, {found.quote}", text.amount(found.pnl)),
            (f"Largest drawdown, {found.quote}", text.amount(found.max_drawdown)),
            (f"Turnover, {found.quote}", text.amount(found.turnover)),
            ("Sharpe ratio, a year", text.number(found.sharpe)),
            ("Orders with a fill", text.percent(found.fill_ratio)),
            ("Share as maker", text.percent(found.maker_share)),
        ]
    )


def _charts(result: "Result", names: Sequence[str], count: int) -> list[Markup]:
    """The sections of charts."""
    rows = result.rows
    record = result.record
    places = {name: place for place, name in enumerate(record.agents)}
    by_quote: dict[str, list[Scope]] = {}
    own = []
    for name, style in zip(names, STYLES, strict=False):
        agent = places[name]
        scopes = result.scopes_of(agent)
        own.append(Scope(agent, name, tuple(sorted(sum(scopes, ()))), style))
        for symbols in scopes:
            quote = record.instruments[symbols[0]].quote
            by_quote.setdefault(quote, []).append(Scope(agent, name, symbols, style))
    note = [] if count <= len(names) else [element("p", f"Charts show {len(names)} of {count} agents.", class_="note")]
    profit = [chart for quote, scopes in by_quote.items() for chart in profit_charts(rows, scopes, quote)]
    market = [spread_chart(rows, symbol) for symbol in range(len(record.instruments))]
    parts = [section("Profit", *note, plots(profit)), section("Market", plots(market))]
    for scope in own:
        if not rows.symbols_of(scope.agent):
            parts.append(section(f"Agent {scope.name}", element("p", IDLE, class_="note")))
            continue
        charts = []
        for symbol in scope.symbols:
            charts += [
                price_chart(rows, scope, symbol),
                position_chart(rows, scope, symbol),
                markout_chart(result.figures(scope.name, record.instruments[symbol].symbol)),
            ]
        charts += [queue_chart(rows, scope), lifetime_chart(rows, scope)]
        parts.append(section(f"Agent {scope.name}", plots(charts)))
    return parts


def _all(figures: Sequence[Figures]) -> list[Markup]:
    shown = figures[:ABREAST]
    quote = _common_quote(shown)
    groups = [
        (
            group.title,
            [[title_of(line, quote), *(line.text(line.value(found)) for found in shown)] for line in group.lines],
        )
        for group in GROUPS
    ]
    parts = [table("Amounts are rounded here; figures() tells them exactly", ["", *map(heading, shown)], groups)]
    if len(figures) > ABREAST:
        parts.append(element("p", f"{len(figures) - ABREAST} more are not shown.", class_="note"))
    return parts


def _common_quote(figures: Sequence[Figures]) -> str | None:
    quotes = {found.quote for found in figures}
    return quotes.pop() if len(quotes) == 1 else None


def _formulas() -> Markup:
    items = []
    for line in LINES:
        items += [element("dt", line.title), element("dd", line.formula)]
    return element(
        "details",
        element("summary", "How the figures are made"),
        element("dl", joined(items), class_="formulas"),
        class_="panel",
    )
