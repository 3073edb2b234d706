"""The cursor of a list over several shards: theirs, in the order of the map, with dots between."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.exchange.exchange import Exchange
from gateway.native.problems import ProblemError
from protocol.shards import MAX_SHARDS

NUMBER: Final = "[0-9]{1,18}"
NUMBERS: Final = re.compile(rf"{NUMBER}(?:\.{NUMBER}){{0,{MAX_SHARDS - 1}}}", re.ASCII)
PAIRS: Final = re.compile(rf"{NUMBER}-{NUMBER}(?:\.{NUMBER}-{NUMBER}){{0,{MAX_SHARDS - 1}}}", re.ASCII)

Pair = tuple[int, int]

NOTHING: Final[Pair] = (0, 0)


def is_joined(exchange: Exchange, symbol: str | None) -> bool:
    """Whether a list is one of several shards."""
    return bool(exchange.parts) and symbol is None


def numbers(exchange: Exchange, text: str | None) -> list[int]:
    """A number for each shard: 0 before the beginning, and for shards that the map did not have then."""
    found = [] if text is None else [int(part) for part in _parts(exchange, text, NUMBERS)]
    return found + [0] * (len(exchange.parts) - len(found))


def pairs(exchange: Exchange, text: str) -> list[Pair]:
    """A sequence and a trade_id for each shard, as in `numbers`."""
    found: list[Pair] = []
    for part in _parts(exchange, text, PAIRS):
        sequence, _, trade_id = part.partition("-")
        found.append((int(sequence), int(trade_id)))
    return found + [NOTHING] * (len(exchange.parts) - len(found))


def numbers_text(cursors: Sequence[int] | None) -> str | None:
    return None if cursors is None else ".".join(str(number) for number in cursors)


def pairs_text(cursors: Sequence[Pair] | None) -> str | None:
    return None if cursors is None else ".".join(f"{sequence}-{trade_id}" for sequence, trade_id in cursors)


def _parts(exchange: Exchange, text: str, pattern: re.Pattern[str]) -> list[str]:
    found = text.split(".")
    if pattern.fullmatch(text) is None or len(found) > len(exchange.parts):
        raise ProblemError("invalid_value", "after takes the `next` of the answer that this one continues.", "after")
    return found
