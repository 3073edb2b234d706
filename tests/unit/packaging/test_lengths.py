"""No file of code is longer than a reader keeps in mind, tests included."""

from itertools import chain

from tests.exchange import ROOT

MOST_LINES = 400

ROOMS = ("gateway", "history", "matcher", "matching_exchange", "protocol", "scripts", "tests")
KINDS = ("*.py", "*.js", "*.mjs")


def test_no_file_has_more_than_400_lines() -> None:
    files = list(chain(*((ROOT / room).rglob(kind) for room in ROOMS for kind in KINDS), ROOT.glob("*.py")))
    assert len(files) > 500
    long = {
        str(file.relative_to(ROOT)): lines
        for file in files
        if (lines := len(file.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}
