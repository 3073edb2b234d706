"""The documents: the README stays short, and every link leads somewhere."""

import re

import pytest

from tests.exchange import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MAX_README_LINES = 200


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: object) -> None:
    assert path in DOCUMENTS
    document = next(one for one in DOCUMENTS if one == path)
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_the_map_names_files_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`((?:protocol|matcher|gateway|matching_exchange)/[\w/]*(?:\.\w+)?)`", text)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists() and name != "gateway/binance/"] == []
