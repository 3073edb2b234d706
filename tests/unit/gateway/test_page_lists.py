"""The terminal's lists of what was before, which go back in pages: modules without a page, run by node."""

import shutil
from typing import Any

import pytest

from gateway.pages import STATIC
from tests.unit.gateway.test_page_modules import run

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules with node")

LISTED = """(async (sequences) => {
  const { PagedList } = await import("%s");
  const made = sequences.map((sequence, place) => ({ sequence, trade_id: place + 1 }));
  let calls = 0;
  const api = {
    fills: async (account, symbol, limit) => ({ fills: made.slice(-limit) }),
    fillsAfter: async (account, symbol, after, limit) => {
      calls += 1;
      const [sequence, trade] = after.split("-").map(Number);
      const first = made.findIndex((it) => it.sequence > sequence || (it.sequence === sequence && it.trade_id > trade));
      const fills = first < 0 ? [] : made.slice(first, first + limit);
      const last = fills.at(-1);
      return { fills, next: last && last !== made.at(-1) ? `${last.sequence}-${last.trade_id}` : null };
    },
  };
  const load = it.fillLoader({ api, account: "ann", symbol: null });
  const list = new PagedList({ keyOf: ({ trade_id }) => trade_id, load, onChange: () => {} });
  list.reset([], true);
  for (let pages = 0; pages < 500 && list.more; pages += 1) await list.older();
  const ids = list.all.map(({ trade_id }) => trade_id);
  const whole = ids.every((id, place) => id === made.length - place);
  return { count: ids.length, whole, cut: list.cut, end: list.end?.trade_id ?? null, more: list.more, calls };
})(%s)"""


def listed(sequences: str) -> Any:
    """What a list holds of fills of these sequences, oldest first, when the user has gone back as far as it goes."""
    module = STATIC / "terminal/own/paged_list.js"
    return run("terminal/own/loaders.js", f"await {LISTED % (module, sequences)}")


def test_a_list_of_very_many_fills_holds_the_newest_and_says_where_it_ends() -> None:
    found = listed("Array.from({ length: 150_000 }, (_, place) => 7 + 3 * place)")
    assert (found["count"], found["whole"]) == (20_000, True)
    assert (found["cut"], found["end"], found["more"]) == (True, 130_001, False)
    assert found["calls"] < 200


@pytest.mark.parametrize(
    "sequences",
    [
        "Array.from({ length: 3_000 }, (_, place) => 1_000_000 * place + 1)",
        "Array.from({ length: 12_345 }, (_, place) => (place < 11_000 ? 5 : 1_000_000_000 + place))",
        "Array.from({ length: 9_000 }, (_, place) => 1 + Math.floor(place / 1_500))",
    ],
    ids=["far apart", "by one command long ago", "many of each command"],
)
def test_a_list_goes_back_to_the_first_fill_without_a_gap(sequences: str) -> None:
    found = listed(sequences)
    assert (found["whole"], found["cut"], found["end"], found["more"]) == (True, False, None, False)
    assert found["count"] == listed_length(sequences)


def listed_length(sequences: str) -> Any:
    return run("terminal/own/loaders.js", f"{sequences}.length")
