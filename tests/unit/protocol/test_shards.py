"""The map of shards: what it says, and each fault of it in one line."""

import pytest

from protocol.shards import MAX_SHARDS, ORDER_BITS, ShardMapError, first_order_id, read_shards, shard_of_order

TWO = """
[[shard]]
name = "majors"
matchers = ["a:5555", "[::1]:5555"]
symbols = ["BTC-USDT", "ETH-USDT"]

[[shard]]
name = "rest"
matchers = ["a:5565"]
default = true
"""


def shard(name: str = "a", **fields: str) -> str:
    """A table that is good but for the fields that are given, as texts of TOML. `none` leaves a field out."""
    known = {"name": f'"{name}"', "matchers": f'["{name}:5555"]', "symbols": "[]", "default": "true", **fields}
    return "[[shard]]\n" + "".join(f"{key} = {value}\n" for key, value in known.items() if value != "none")


def test_a_symbol_belongs_to_the_shard_that_names_it_and_any_other_to_the_default_one() -> None:
    shards = read_shards(TWO)
    assert [shards.number_of(symbol) for symbol in ("BTC-USDT", "ETH-USDT", "SOL-USDT")] == [0, 0, 1]
    assert [(each.number, each.name, each.matchers, each.default) for each in shards.shards] == [
        (0, "majors", ("a:5555", "[::1]:5555"), False),
        (1, "rest", ("a:5565",), True),
    ]
    named = shards.named("rest")
    assert named is shards.shards[1]
    assert shards.named("none") is None


def test_an_order_id_names_its_shard() -> None:
    assert first_order_id(0) == 0
    assert [shard_of_order(first_order_id(number) + 1) for number in range(MAX_SHARDS)] == list(range(MAX_SHARDS))
    assert shard_of_order(first_order_id(5) + 2**ORDER_BITS - 1) == 5
    # A double holds every id exactly.
    last = first_order_id(MAX_SHARDS) - 1
    assert int(float(last)) == last


def test_the_hash_is_of_what_the_map_says_of_symbols() -> None:
    same = TWO.replace('"BTC-USDT", "ETH-USDT"', '"ETH-USDT", "BTC-USDT"').replace("a:5555", "b:7777") + "# moved\n"
    assert read_shards(same).hash == read_shards(TWO).hash
    others = [
        TWO.replace(', "ETH-USDT"', ""),
        TWO.replace("majors", "minors"),
        TWO.replace("default = true", "").replace('name = "majors"', 'name = "majors"\ndefault = true'),
        TWO + shard("more", default="false"),
    ]
    hashes = {read_shards(text).hash for text in others}
    assert len(hashes) == len(others)
    assert read_shards(TWO).hash not in hashes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "takes 1 to 32 [[shard]] tables, not 0"),
        ("[shard]\n", "takes [[shard]] tables, with two brackets on either side"),
        ("shard = 1\n", "takes [[shard]] tables, with two brackets on either side"),
        ("other = 1\n", "takes [[shard]] tables, not 'other'"),
        ("[[shard]\n", "is no TOML: "),
        (
            "".join(shard(f"s{number}", default="false") for number in range(33)),
            "takes 1 to 32 [[shard]] tables, not 33",
        ),
        (shard(default="false"), "default: takes one shard with default = true, not 0"),
        (shard("a") + shard("b"), "default: takes one shard with default = true, not 2: a, b"),
        (shard("A"), "[[shard]] number 0: name: takes 1 to 64 of a-z, 0-9, _ and -, not 'A'"),
        (shard("a" * 65), "name: takes 1 to 64 of a-z"),
        (shard(""), "[[shard]] number 0: name: takes 1 to 64 of a-z, 0-9, _ and -, not ''"),
        ("[[shard]]\nmatchers = []\n", "[[shard]] number 0: name: takes 1 to 64 of a-z, 0-9, _ and -"),
        (shard(color="1"), "[[shard]] number 0 (a): 'color' is no field: takes name, matchers, symbols, default"),
        (shard(default='"yes"'), "[[shard]] number 0 (a): default: takes true or false, not 'yes'"),
        (shard(matchers="none"), "[[shard]] number 0 (a): matchers: takes 1 to 32 addresses, not 0"),
        (
            shard(matchers=str([f"a:{port}" for port in range(1, 34)])),
            "[[shard]] number 0 (a): matchers: takes 1 to 32 addresses, not 33",
        ),
        (shard(matchers='"a:1"'), "[[shard]] number 0 (a): matchers: takes a list of texts in quotes"),
        (shard(matchers="[1]"), "[[shard]] number 0 (a): matchers: takes a list of texts in quotes"),
        (shard(matchers='["a"]'), "[[shard]] number 0 (a): matchers: 'a': takes a host and a port from 1 to 65532"),
        (shard(matchers='["a:65533"]'), "matchers: 'a:65533': takes a host and a port from 1 to 65532"),
        (shard(matchers='["tcp://a:1"]'), "matchers: 'tcp://a:1': takes a host and a port from 1 to 65532"),
        (shard(symbols='["btc"]'), "[[shard]] number 0 (a): symbols: 'btc': takes symbols of 1 to 32 of A-Z"),
        (shard(symbols='["X", "X"]'), "[[shard]] number 0 (a): symbols: 'X' stands twice: takes each once"),
        (
            shard("a", symbols='["X"]') + shard("b", symbols='["X"]', default="false"),
            "[[shard]] number 1 (b): symbols: 'X' stands twice: takes each once",
        ),
        (
            shard("a") + shard("a", default="false", matchers='["b:1"]'),
            "[[shard]] number 1 (a): name: 'a' stands twice: takes each once",
        ),
        (
            shard("a") + shard("b", default="false", matchers='["a:5555"]'),
            "[[shard]] number 1 (b): matchers: 'a:5555' stands twice: takes each once",
        ),
        (
            shard("a") + shard("b", default="false", matchers='["a:5558"]'),
            "matchers: a:5555 and a:5558 share ports: takes bases that are 4 apart",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_the_field(text: str, told: str) -> None:
    with pytest.raises(ShardMapError) as refused:
        read_shards(text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
