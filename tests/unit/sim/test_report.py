"""The report of a run: one file, the same bytes for the same record, nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from matching_exchange.sim import OrderState
from matching_exchange.sim.result.result import Result, ResultError
from protocol.units import Side
from tests.sim_records import Made

BUY, SELL = Side.BUY, Side.SELL
VOID = {"meta"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and notes what the page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def made() -> Made:
    found = Made("AAA-USD", "BBB-EUR").quote(0, 9990, 10010).quote(1, 0, 10010).quote(2, 10190, 10210, 10200)
    found.quote(3, 100, 102, symbol=1)
    found.order(1, BUY, 20, 10010, first_fill=1, done=1, filled=20, value=200200, status=OrderState.FILLED)
    found.order(2, SELL, 20, 10300, arrived=2, rested=2, first_fill=9, filled=5, value=51500)
    found.fill(1, 1, BUY, 10010, 20).fill(9, 2, SELL, 10300, 5, is_maker=True)
    found.order(1, BUY, 20, 10010, status=OrderState.REJECTED, agent=1).fill(4, 9, SELL, 101, 7, agent=1, symbol=1)
    return found


def written(result: Result, path: Path, agents: list[str] | None = None) -> str:
    result.report(path / "report.html", title="A <run> & more", agents=agents)
    return (path / "report.html").read_text(encoding="utf-8")


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    assert written(Result(made().record), tmp_path) == written(Result(made().record), tmp_path)


def test_a_result_that_was_read_gives_the_bytes_of_the_one_that_was_written(tmp_path: Path) -> None:
    result = Result(made().record, {"latency": "1 ms"})
    result.write_parquet(tmp_path / "run")
    assert written(Result.read_parquet(tmp_path / "run"), tmp_path) == written(result, tmp_path)


def test_the_page_is_well_formed_and_loads_nothing(tmp_path: Path) -> None:
    text = written(Result(made().record), tmp_path)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "image", "use"} & {tag for tag, _ in page.elements}
    assert not {"src", "href", "style", "onclick"} & {name for _, attributes in page.elements for name in attributes}
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text)
    [policy] = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "A <run> & more" in page.words
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(picture)


def test_each_chart_and_table_says_what_it_is(tmp_path: Path) -> None:
    text = written(Result(made().record), tmp_path)
    charts = re.findall(r'<svg[^>]*role="img".*?</svg>', text, re.DOTALL)
    assert len(charts) == text.count("<figure")
    assert all("<title>" in chart for chart in charts)
    assert text.count("<caption>") == text.count("<table") == 2
    assert '<th scope="row">' in text and '<th scope="col">' in text


def test_the_page_tells_figures_agents_and_parameters(tmp_path: Path) -> None:
    result = Result(made().record, {"speed": "twice <b>"})
    words = " ".join(Page(written(result, tmp_path)).words)
    for expected in ("twice <b>", result.digest, "Agent ann", "Agent ben", "Profit after fees, EUR", "bought, 1 fills"):
        assert expected in words
    assert "Agent ben" not in " ".join(Page(written(result, tmp_path, ["ann"])).words)
    with pytest.raises(ResultError, match="agent: takes one of ann, ben, not carl"):
        result.report(tmp_path / "report.html", agents=["carl"])


def test_a_run_in_which_nothing_happened_has_a_page(tmp_path: Path) -> None:
    assert Page(written(Result(Made().record), tmp_path)).open == []


def test_a_run_without_measured_agents_shows_the_market(tmp_path: Path) -> None:
    made = Made(agents=()).quote(0, 9990, 10010)
    page = Page(written(Result(made.record), tmp_path))
    assert page.open == []
    assert {"No agent is measured.", "AAA-USD: mid price, USD"} <= set(page.words)


def test_a_long_run_does_not_make_a_long_page(tmp_path: Path) -> None:
    sizes = []
    for rows in (8_000, 24_000):
        found = Made(seconds=rows)
        for second in range(rows):
            mid = 10_000 + second * 7919 % 1_000
            found.quote(second, mid - 5, mid + 5).fill(second, second, (BUY, SELL)[second % 2], mid, 1)
        sizes.append(len(written(Result(found.record), tmp_path)))
    assert sizes[1] < 1.5 * sizes[0]
