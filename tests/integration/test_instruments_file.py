"""The file of instruments that a matcher begins with."""

from pathlib import Path

import pytest

from protocol.commands import InstrumentsQuery
from protocol.events import InstrumentList
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus
from tests.exchange import ROOT, Matcher
from tests.integration.matcher_runs import RunHere, own_endpoints, run

GOOD = """
# Only what is required.
[[instrument]]
symbol = "DOGE-USDT"
base = "DOGE"
quote = "USDT"
tick_size = "0.00001"
lot_size = "1"
max_quantity = "10000000"
max_price = "1000"

[[instrument]]
symbol = "BTC-EUR"
base = "BTC"
quote = "EUR"
tick_size = "0.50"
lot_size = "0.0001"
min_quantity = "0.001"
max_quantity = "100"
max_price = "1000000"
min_notional = "2.5"
maker_fee_bps = 0
taker_fee_bps = 35
status = "cancel_only"
price_band_bps = 1000
reference_price = "60000.5"
max_open_orders = 200
max_order_notional = "1000.5"
halt_bps = 2000
halt_window_ms = 10000
halt_ms = 5000
"""


def test_instruments_file(tmp_path: Path) -> None:
    file = tmp_path / "instruments.toml"
    file.write_text(GOOD)
    assert listed_by(Matcher(tmp_path, f"--instruments={file}")) == [
        Instrument("DOGE-USDT", "DOGE", "USDT", 5, 0, 1, 1, 1, 10**7, 10**8, 0, 0, 0, InstrumentStatus.TRADING),
        Instrument(
            *("BTC-EUR", "BTC", "EUR", 1, 4, 5, 1, 10, 10**6, 10**7, 250_000, 0, 35, InstrumentStatus.CANCEL_ONLY),
            *(1_000, 600_005, 200, 100_050_000, 2_000, 10_000, 5_000),
        ),
    ]


GOOD_TOO = """
[[instrument]]
symbol = "ETH-EUR"
base = "ETH"
quote = "EUR"
tick_size = "0.01"
lot_size = "0.001"
max_quantity = "1000"
max_price = "100000"
taker_fee_bps = 5
"""


def listed_by(matcher: Matcher) -> list[Instrument]:
    """Start the matcher, ask for its instruments, and stop it."""
    matcher.start()
    try:
        matcher.wait_until_ready()
        with matcher.client() as client:
            listed = client.query(InstrumentsQuery()).result
    finally:
        matcher.close()
    assert isinstance(listed, InstrumentList)
    return listed.instruments


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


BAD_FILES = {
    "no TOML": ("[[instrument]]\nsymbol = BTC\n", ["line 2"]),
    "another table": ("[instruments]\nx = 1", ["instruments"]),
    "no tables": ('instrument = "BTC-USDT"', ["instrument"]),
    "missing field": (changed('quote = "USDT"\n', ""), ["DOGE-USDT: quote is missing"]),
    "nearly empty table": ('[[instrument]]\nbase = "BTC"\n', ["[[instrument]] number 1: symbol is missing"]),
    "missing in the second table": (
        changed('symbol = "BTC-EUR"\n', ""),
        ["[[instrument]] number 2: symbol is missing"],
    ),
    "one table": ("[instrument]\n", ["takes [[instrument]] tables"]),
    "nested arrays": ("x = " + "[" * 5_000 + "]" * 5_000, ["nested"]),
    "nested tables": ("x = " + "{a = " * 5_000 + "1" + "}" * 5_000, ["nested"]),
    "nested field": (changed("taker_fee_bps = 35", "taker_fee_bps = " + "[" * 100 + "]" * 100), ["taker_fee_bps"]),
    "dotted field": (changed("taker_fee_bps = 35", "taker_fee_bps" + ".a" * 5_000 + " = 1"), ["taker_fee_bps"]),
    "unknown field": (changed("[[instrument]]\n", "[[instrument]]\nleverage = 5\n"), ["leverage"]),
    "number instead of text": (
        changed('tick_size = "0.00001"', "tick_size = 0.00001"),
        ["DOGE-USDT: tick_size: takes a text in quotes"],
    ),
    "no decimal": (changed('tick_size = "0.00001"', 'tick_size = "cheap"'), ["DOGE-USDT", "tick_size"]),
    "too many decimals": (changed('max_price = "1000"', 'max_price = "1000.000001"'), ["DOGE-USDT", "max_price"]),
    "zero tick": (changed('tick_size = "0.00001"', 'tick_size = "0"'), ["DOGE-USDT", "tick_size"]),
    "negative lot": (changed('lot_size = "1"', 'lot_size = "-1"'), ["DOGE-USDT", "lot_size"]),
    "max_price off the tick": (changed('max_price = "1000000"', 'max_price = "1000000.3"'), ["BTC-EUR", "max_price"]),
    "min_quantity over max_quantity": (
        changed('min_quantity = "0.001"', 'min_quantity = "101"'),
        ["BTC-EUR", "min_quantity"],
    ),
    "bad symbol": (changed('symbol = "DOGE-USDT"', 'symbol = "../doge"'), ["../doge", "symbol"]),
    "bad currency": (changed('base = "DOGE"', 'base = "doge"'), ["DOGE-USDT", "base"]),
    "unknown status": (changed('"cancel_only"', '"closed"'), ["BTC-EUR", "status"]),
    "negative fee": (changed("taker_fee_bps = 35", "taker_fee_bps = -1"), ["taker_fee_bps"]),
    "fee over all": (changed("taker_fee_bps = 35", "taker_fee_bps = 10001"), ["BTC-EUR", "taker_fee_bps"]),
    "fee as text": (
        changed("taker_fee_bps = 35", 'taker_fee_bps = "35"'),
        ["BTC-EUR: taker_fee_bps: takes a whole number"],
    ),
    "fee as truth": (changed("taker_fee_bps = 35", "taker_fee_bps = true"), ["BTC-EUR: taker_fee_bps: takes a whole"]),
    "fee over 64 bits": (changed("taker_fee_bps = 35", f"taker_fee_bps = {10**30}"), ["BTC-EUR", "taker_fee_bps"]),
    "more than 63 bits": (
        changed('max_quantity = "10000000"', 'max_quantity = "10000000000000"'),
        ["DOGE-USDT", "max_quantity"],
    ),
    "same symbol twice": (changed('symbol = "DOGE-USDT"', 'symbol = "BTC-EUR"'), ["BTC-EUR: symbol"]),
    "no UTF-8": ("symbol = \udcff", ["UTF-8: byte 10 "]),
}


@pytest.mark.parametrize(("content", "words"), [pytest.param(*case, id=name) for name, case in BAD_FILES.items()])
def test_bad_instruments_file_ends_with_one_line(run_here: RunHere, content: str, words: list[str]) -> None:
    Path("instruments.toml").write_bytes(content.encode(errors="surrogateescape"))
    status, output, error = run_here("--instruments=instruments.toml", *own_endpoints())
    assert (status, output, error.count("\n")) == (2, "", 1), error
    assert error.startswith("matcher: ")
    for word in words:
        assert word in error


@pytest.mark.parametrize("path", ["no-such-file.toml", "."])
def test_unreadable_instruments_file_ends_with_one_line(run_here: RunHere, path: str) -> None:
    status, output, error = run_here(f"--instruments={path}")
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"matcher: --instruments: {path}: ")


def test_what_was_journaled_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "instruments.toml"
    file.write_text(GOOD)
    matcher = Matcher(tmp_path, f"--instruments={file}")
    assert [instrument.taker_fee_bps for instrument in listed_by(matcher)] == [0, 35]
    file.write_text(changed("taker_fee_bps = 35", "taker_fee_bps = 40") + GOOD_TOO)
    assert [(instrument.symbol, instrument.taker_fee_bps) for instrument in listed_by(matcher)] == [
        ("DOGE-USDT", 0),
        ("BTC-EUR", 35),
        ("ETH-EUR", 5),
    ]


def test_other_tick_for_a_known_symbol_ends_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "instruments.toml"
    file.write_text(GOOD)
    matcher = Matcher(tmp_path, f"--instruments={file}")
    listed_by(matcher)
    file.write_text(changed('tick_size = "0.50"', 'tick_size = "0.10"'))
    status, output, error = run(ROOT, *matcher.arguments)
    assert (status, output) == (2, "")
    last = error.splitlines()[-1]
    assert last.startswith("matcher: ")
    assert "BTC-EUR: tick_size" in last
