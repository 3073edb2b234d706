"""The examples of docs/testing.md."""

import re

from tests.exchange import ROOT


def examples(fixture: str) -> list[str]:
    """The tests of the page that take the fixture first."""
    page = (ROOT / "docs" / "testing.md").read_text()
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if re.search(rf"^def test_\w+\({fixture}[,)]", block, re.MULTILINE)]
