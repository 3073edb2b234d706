"""What the terminal computes of money before an order is sent, and the tables that it saves: modules without a page, run by node."""

import json
import random
import shutil
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest

from tests.unit.gateway.test_page_modules import run

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules with node")

INSTRUMENT = {
    "base": "BTC",
    "quote": "USDT",
    "tick_size": "0.01",
    "lot_size": "0.00001",
    "max_quantity": "9000",
    "maker_fee_bps": 10,
    "taker_fee_bps": 20,
    "price_band_bps": None,
}
LOT = Decimal(INSTRUMENT["lot_size"])  # type: ignore[arg-type]
DECIMAL = "common/decimal.js"


def limit(side: str, price: str, order_type: str = "limit", **more: str | None) -> dict[str, str | None]:
    order = {"type": order_type, "side": side, "price": price, "trigger": None, "stop": None, "quantity": None}
    return {**order, "budget": None, "takes": "quantity", **more}


def shares(cases: list[list[Any]]) -> list[list[str] | None]:
    """What `shareOf` gives for each of [percent, free by asset, order, levels]."""
    own = "({balances: Object.entries(free).map(([asset, free]) => ({asset, free}))})"
    call = f"it.shareOf(percent, {own}, order, {json.dumps(INSTRUMENT)}, levels)"
    given: list[list[str] | None] = run(
        "terminal/ticket/shares.js", f"{json.dumps(cases)}.map(([percent, free, order, levels]) => {call})"
    )
    return given


def estimate(
    order: dict[str, str | None], levels: list[list[str]] | None, reference: str | None = None, **more: Any
) -> Any:
    arguments = [order, {**INSTRUMENT, **more}, levels, reference, None]
    return run("terminal/ticket/estimate.js", f"it.estimate(...{json.dumps(arguments)})")


def test_quotients_are_cut_towards_zero() -> None:
    cases = [("10", "3", 4), ("-10", "3", 4), ("1", "0.0003", 2), ("0.000001", "1000", 3), ("7", "7", 0)]
    expected = [
        format((Decimal(a) / Decimal(b)).quantize(Decimal(1).scaleb(-scale), ROUND_DOWN), "f") for a, b, scale in cases
    ]
    given = run(DECIMAL, f"{json.dumps(cases)}.map((each) => it.divide(...each))")
    assert [Decimal(text) for text in given] == [Decimal(text) for text in expected]
    assert run(DECIMAL, '[it.floorTo("0.123456", "0.00025"), it.cut("-1.239", 2), it.signed("-1234.5", 2)]') == [
        "0.12325",
        "-1.23",
        "−1,234.50",
    ]


def test_a_buy_of_all_that_is_free_is_the_largest_that_can_be_paid() -> None:
    """With the larger fee, as the exchange locks it: one lot more would be refused."""
    draw = random.Random(15)
    cases: list[list[Any]] = []
    for _ in range(60):
        price = Decimal(draw.randrange(1, 10_000_000)) / 100
        free = Decimal(draw.randrange(1, 10**12)) / 10**6
        cases.append(["100", {"USDT": format(free, "f")}, limit("buy", format(price, "f")), None])
    for (_, free, order, _), given in zip(cases, shares(cases), strict=True):
        assert given is not None
        (name, quantity), price = given, Decimal(order["price"])
        cost = price * Decimal("1.002")
        assert name == "quantity"
        assert Decimal(quantity) % LOT == 0
        assert Decimal(quantity) * cost <= Decimal(free["USDT"])
        assert (Decimal(quantity) + LOT) * cost > Decimal(free["USDT"]) or Decimal(quantity) == 9000


def test_shares_take_the_base_to_sell_and_the_book_or_the_dearer_leg_to_buy() -> None:
    asks = [["100", "1"], ["110", "5"]]
    money = {"USDT": "1102.2", "BTC": "0.123459"}
    oco = limit("buy", "90", "oco", stop="110", trigger="105")
    given = shares(
        [
            ["50", money, limit("sell", "1"), None],
            ["100", money, {**limit("buy", "1", "market"), "price": None}, asks],
            ["100", money, {**limit("buy", "1", "market"), "price": None, "takes": "quote_quantity"}, asks],
            ["100", money, oco, None],
            ["100", {}, limit("buy", "100"), None],
            ["100", money, {**limit("buy", "1", "stop_market"), "price": None, "trigger": "55"}, None],
            ["100", money, {**limit("sell", "1", "market"), "takes": "quote_quantity"}, None],
        ]
    )
    # 1,100 before the fee: 1 at 100, and 1,000 / 110 of the next.
    assert given == [
        ["quantity", "0.06172"],
        ["quantity", "6"],
        ["quote_quantity", "1102.2"],
        ["quantity", "10"],
        ["quantity", "0"],
        ["quantity", "20"],
        None,
    ]


def test_a_market_order_is_estimated_by_the_levels_that_are_shown() -> None:
    asks = [["100", "1"], ["101", "1"], ["105", "2"]]
    market = {**limit("buy", "1", "market", quantity="2"), "price": None}
    told = estimate(market, asks)
    assert (
        told["words"] == "Buys 2 BTC for about 201.40 USDT, with a fee of 0.40. Average 100.50, 50 bps from the best."
    )
    assert (told["total"], told["warnings"]) == ("201.402", [])
    assert estimate({**market, "quantity": "2.5"}, asks)["warnings"] == ["It takes 62 % of what the book shows."]
    assert estimate({**market, "quantity": None, "budget": "150"}, asks)["words"].startswith("Buys 1.49504 BTC")
    assert "The book shows only 4 BTC" in estimate({**market, "quantity": "5"}, asks)["warnings"][0]
    # The band is exact: 101 is inside, and a hundredth more is not.
    assert estimate(market, asks, "100", price_band_bps=100)["warnings"] == []
    outside = [["100", "1"], ["101.01", "5"]]
    assert "price band of 1 %" in estimate(market, outside, "100", price_band_bps=100)["warnings"][0]
    assert estimate(market, None) == {"words": "", "warnings": []}


def test_a_limit_price_out_of_the_band_is_told_before_it_is_rejected() -> None:
    order = limit("sell", "94.99", quantity="1")
    assert estimate(order, [["90", "9"]], "100", price_band_bps=500)["warnings"] == [
        "Its price is 5.01 % from 100.00 USDT; the band allows 5 %. It would be rejected."
    ]
    assert estimate({**order, "price": "95"}, [], "100", price_band_bps=500)["warnings"] == []
    # The limit of an order that waits is compared when it fires.
    assert estimate({**order, "type": "stop_limit", "trigger": "96"}, [], "100", price_band_bps=500)["warnings"] == []


def test_a_table_quotes_what_it_must_and_runs_no_formula() -> None:
    texts = ["=1+1", "@x", "-1-2", "-12.5", 'a"b', "a,b", "plain", None]
    lines = run(
        "terminal/own/csv.js", f'it.csvOf(["a", "b"], {json.dumps([{"a": text, "b": 1} for text in texts])})'
    ).split("\r\n")
    assert lines == [
        "a,b",
        '"\'=1+1",1',
        '"\'@x",1',
        '"\'-1-2",1',
        "-12.5,1",
        '"a""b",1',
        '"a,b",1',
        "plain,1",
        ",1",
        "",
    ]


def test_a_list_asks_for_older_ones_until_its_page_is_full() -> None:
    script = """(await (async () => {
      const calls = [];
      const load = async (cursor) => {
        const from = cursor ?? 0;
        calls.push(from);
        const items = Array.from({ length: 100 }, (_, index) => ({ id: 10_000 - from - index, side: index % 4 ? "buy" : "sell" }));
        return { items, cursor: from + 100 < 1000 ? from + 100 : null };
      };
      const list = new it.PagedList({ keyOf: ({ id }) => id, load, onChange: () => {} });
      list.reset([], true);
      await list.fill();
      list.filter = ({ side }) => side === "sell";
      await list.older();
      const first = list.place;
      list.put([{ id: 10_001, side: "sell" }, { id: 10_000, side: "sell" }]);
      list.newer();
      return { calls, first, top: list.page[0].id, then: list.place };
    })())"""
    told = run("terminal/own/paged_list.js", script)
    assert told["calls"] == list(range(0, 800, 100))
    assert told["first"] == {"from": 101, "to": 200, "count": 200, "more": True, "fault": None, "busy": False}
    assert (told["top"], told["then"]["from"], told["then"]["count"]) == (10_001, 1, 201)
