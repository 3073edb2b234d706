"""Every setting stands in a table of the documents, with its default; no table names one that there is not."""

import re
from collections.abc import Iterator

import pytest

import gateway.config
import history.config
import matcher.config
from matching_exchange.process.settings import Setting
from tests.exchange import ROOT

SETTINGS: dict[str, Setting] = {
    setting.variable(config.PREFIX): setting
    for config in (matcher.config, gateway.config, history.config)
    for setting in config.SETTINGS
}

DATA_DIR = "MATCHER_DATA_DIR"
"""The gateway has none unless it is set; the page tells that of the others."""


def rows() -> Iterator[tuple[list[str], str]]:
    """The variables of a row, and the cell with their defaults."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        for line in page.read_text().splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if re.match(r"\| `(MATCHER|GATEWAY|HISTORY)_[A-Z_]+`[ ,]", line) and len(cells) == 3:
                yield re.findall(r"`([A-Z_]+)`", cells[0]), cells[1]


TOLD = {variable: (variables, cell) for variables, cell in rows() for variable in variables}


@pytest.mark.parametrize("variable", SETTINGS)
def test_every_setting_is_told_with_its_default(variable: str) -> None:
    variables, cell = TOLD[variable]
    told = cell.split(", ") if len(variables) > 1 else [cell]
    if len(told) == 1:
        told *= len(variables)
    default = re.match(r"`([^`]*)`|none|not set", told[variables.index(variable)])
    assert default is not None, cell
    expected = "./data" if variable == DATA_DIR else SETTINGS[variable].default
    assert (default[1] or "") == expected


def test_no_table_names_a_setting_that_there_is_not() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    named = re.findall(r"^\| `((?:MATCHER|GATEWAY|HISTORY)_[A-Z_]+)(?:=[^`]*)?`", page, re.MULTILINE)
    assert len(named) > 30
    assert set(named) <= SETTINGS.keys()
