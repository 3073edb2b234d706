"""Candles in Decimal, from rows of trades, by the calendar of the standard library."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext
from typing import Any

NAMES = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LENGTHS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def open_time(name: str, nanoseconds: int) -> int:
    """When the period began that holds the time. Both in nanoseconds since 1970."""
    time = EPOCH + timedelta(seconds=nanoseconds // 10**9)
    if name == "1M":
        begin = time.replace(day=1, hour=0, minute=0, second=0)
    elif name == "1w":
        begin = time.replace(hour=0, minute=0, second=0) - timedelta(days=time.weekday())
    else:
        length = int(name[:-1]) * LENGTHS[name[-1]]
        begin = EPOCH + (time - EPOCH) // length * length
    return (begin - EPOCH) // timedelta(seconds=1) * 10**9


def naive_candles(trades: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows of `candles` for rows of `trades` in order, sorted by symbol, interval and open_time."""
    periods: dict[tuple[str, str, int], list[Sequence[Any]]] = {}
    for trade in trades:
        for name in NAMES:
            periods.setdefault((trade[0], name, open_time(name, trade[2])), []).append(trade)
    with localcontext(Context(prec=200)):
        return [(*key, *_candle(periods[key])) for key in sorted(periods)]


def _candle(trades: list[Sequence[Any]]) -> tuple[Any, ...]:
    prices = [trade[3] for trade in trades]
    volumes = [Decimal(trade[4]) for trade in trades]
    values = [Decimal(trade[3]) * Decimal(trade[4]) for trade in trades]
    bought = [trade[5] == 1 for trade in trades]

    def text(numbers: list[Decimal], wanted: list[bool]) -> str:
        return str(sum((number for number, is_wanted in zip(numbers, wanted, strict=True) if is_wanted), Decimal(0)))

    every = [True] * len(trades)
    return (
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        text(volumes, every),
        text(values, every),
        len(trades),
        text(volumes, bought),
        text(values, bought),
        trades[0][1],
        trades[-1][1],
        trades[-1][-1],
    )
