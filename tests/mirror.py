"""Tapes seen from the other side: sellers for buyers, and prices reflected.

A tape that holds for one side must hold for the other one.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from protocol.commands import OrderTerms
from protocol.units import Side
from tests.tape import Row

PRICES = (
    *("price", "trigger_price", "stop_price", "stop_trigger_price", "take_profit_trigger_price", "activation_price"),
)
UNMIRRORED = ("quote_quantity", "trailing_bps", "max_slippage_bps")
"""What depends on the height of the price has no mirror image."""

Said = TypeVar("Said", bound=Struct)


def mirrored(rows: Iterable[Row], about: int = 100) -> tuple[Row, ...]:
    """The mirror image of a tape, its prices reflected about one."""
    return tuple(
        (_reflected(command, about), [_reflected(event, about) for event in events]) for command, events in rows
    )


def _reflected(said: Said, about: int) -> Said:
    changed: dict[str, Any] = {}
    for name, value in asdict(said).items():
        assert value is None or name not in UNMIRRORED, f"{name} has no mirror image"
        if isinstance(value, Side):
            changed[name] = Side.SELL if value is Side.BUY else Side.BUY
        elif name in PRICES and value is not None:
            changed[name] = 2 * about - value
        elif isinstance(value, OrderTerms):
            changed[name] = _reflected(value, about)
    return replace(said, **changed)


def _as_written(rows: Iterable[Row], about: int = 100) -> tuple[Row, ...]:
    return tuple(rows)


View = Callable[..., tuple[Row, ...]]
"""Makes of rows, and of the price that is the middle, the tape to play."""

both_sides = pytest.mark.parametrize(
    "view", [pytest.param(_as_written, id="as-written"), pytest.param(mirrored, id="mirrored")]
)
