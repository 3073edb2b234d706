"""The documents: the README stays short, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.exchange import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
MAX_README_LINES = 200


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", path.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not _is_there(path, target)] == []


def _is_there(document: Path, target: str) -> bool:
    """Whether a relative link leads to a file, and to a title in it if it names one."""
    name, _, anchor = target.partition("#")
    linked = document.parent / name if name else document
    return linked.exists() and (not anchor or anchor in _anchors(linked))


def _anchors(document: Path) -> set[str]:
    """The anchors of a document's titles, as a public host makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_document_names_is_there(path: Path) -> None:
    named = re.findall(r"`(tests/[\w/.]*)`", path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(("number", "path"), list(enumerate(DECISIONS, 1)))
def test_every_decision_is_numbered_and_listed(number: int, path: Path) -> None:
    title = path.read_text().splitlines()[0].removeprefix("# ")
    assert path.name.startswith(f"{number:04d}-")
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert f"{number}. [{title.partition('. ')[2]}]({path.name})" in listed


def test_the_map_names_files_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`((?:protocol|matcher|gateway|matching_exchange)/[\w/]*(?:\.\w+)?)`", text)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists() and name != "gateway/binance/"] == []
