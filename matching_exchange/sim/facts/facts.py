"""The stylised facts of a market."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from matching_exchange.sim.durations import MINUTE, SECOND
from matching_exchange.sim.facts.measures import (
    autocorrelation,
    deviation,
    hill,
    kurtosis,
    mean,
    quantile,
    returns,
    weighted_mean,
)
from matching_exchange.sim.facts.series import Levels, Series

NEAR_BPS: Final = 10
"""Depth is taken up to so many basis points from the middle."""

SHORT: Final = 10 * SECOND
LONG: Final = 60 * SECOND
"""The intervals of returns."""

SIGNATURE: Final = (1, 10, 60, 300)
"""Seconds over which volatility is taken."""

LAGS: Final = (1, 10, 50)
CLUSTER_LAGS: Final = (1, 5, 20)


class Facts(Struct, frozen=True):
    """What is known of a market; None where its series has too little.

    trades_per_minute: a taker that meets several orders counts once.
    spread_ticks, spread_bps: of the best prices, the mean over time.
    spread_median_ticks: half of the time the spread is at most so wide.
    best_depth, near_depth: of one side, at its best price, and up to 10 basis points from the middle; in mean trades.
    kurtosis, tail_index: of returns of the middle over 10 s; longer_kurtosis: over 60 s. A normal distribution has 3.
    return_autocorrelation, longer_return_autocorrelation: of returns of the middle over 10 s and over 60 s, at lag 1.
    bounce: that of returns from trade to trade.
    clustering: of magnitudes of returns over 10 s, at lags of 1, 5 and 20.
    sign_memory: of the sides of trades, at lags of 1, 10 and 50 trades.
    signature: volatility of the middle over 1, 10, 60 and 300 s, each in basis points of the root of a second.
    size_mean, size_large: of trades, the mean and what one in a hundred reaches, as multiples of the median.
    size_tail_index: of trade sizes.
    cancel_share: canceled orders, of limit orders that were sent to rest.
    lifetime_median, lifetime_long: of canceled orders, what half of them and nine in ten reach at most, in seconds.
    """

    name: str
    minutes: float
    trades_per_minute: float | None
    spread_ticks: float | None
    spread_median_ticks: float | None
    spread_bps: float | None
    best_depth: float | None
    near_depth: float | None
    kurtosis: float | None
    longer_kurtosis: float | None
    tail_index: float | None
    return_autocorrelation: float | None
    longer_return_autocorrelation: float | None
    bounce: float | None
    clustering: tuple[float | None, ...]
    sign_memory: tuple[float | None, ...]
    signature: tuple[float | None, ...]
    size_mean: float | None
    size_large: float | None
    size_tail_index: float | None
    cancel_share: float | None
    lifetime_median: float | None
    lifetime_long: float | None


def facts_of(series: Series) -> Facts:
    """Compute them all."""
    minutes = (series.end - series.begin) / MINUTE
    short, long = returns(series.middles(SHORT)), returns(series.middles(LONG))
    magnitudes = [abs(each) for each in short]
    sizes = series.trade_quantities
    size, median = mean(sizes), quantile(sizes, 0.5)
    spreads = _spreads(series)
    large = quantile(sizes, 0.99)
    return Facts(
        name=series.name,
        minutes=minutes,
        trades_per_minute=len(sizes) / minutes if minutes else None,
        spread_ticks=weighted_mean([(ask - bid, weight) for bid, ask, weight in spreads]),
        spread_median_ticks=_median([(ask - bid, weight) for bid, ask, weight in spreads]),
        spread_bps=weighted_mean([(20_000 * (ask - bid) / (ask + bid), weight) for bid, ask, weight in spreads]),
        best_depth=_over(_best_depth(series), size),
        near_depth=_over(_near_depth(series), size),
        kurtosis=kurtosis(short),
        longer_kurtosis=kurtosis(long),
        tail_index=hill(short),
        return_autocorrelation=autocorrelation(short, 1),
        longer_return_autocorrelation=autocorrelation(long, 1),
        bounce=autocorrelation(returns(series.trade_prices), 1),
        clustering=tuple(autocorrelation(magnitudes, lag) for lag in CLUSTER_LAGS),
        sign_memory=tuple(autocorrelation(series.trade_signs, lag) for lag in LAGS),
        signature=tuple(_over(deviation(returns(series.middles(each * SECOND))), each**0.5) for each in SIGNATURE),
        size_mean=_over(size, median),
        size_large=_over(large, median),
        size_tail_index=hill(sizes),
        cancel_share=_over(series.canceled, series.placed),
        lifetime_median=_over(quantile(series.lifetimes, 0.5), SECOND),
        lifetime_long=_over(quantile(series.lifetimes, 0.9), SECOND),
    )


def _over(value: float | None, by: float | None) -> float | None:
    return None if value is None or not by else value / by


def _spreads(series: Series) -> list[tuple[float, float, float]]:
    """Bid, ask and for how long, in ticks, while both sides have one."""
    times = [*series.times, series.end]
    return [
        (bid / series.tick, ask / series.tick, after - max(time, series.begin))
        for time, after, bid, ask in zip(times, times[1:], series.bids, series.asks, strict=False)
        if bid and ask and after > max(time, series.begin)
    ]


def _median(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Of pairs of value and weight."""
    half = sum(weight for _, weight in pairs) / 2
    passed = 0.0
    for value, weight in sorted(pairs):
        passed += weight
        if passed >= half:
            return value
    return None


def _best_depth(series: Series) -> float | None:
    times = [*series.times, series.end]
    return weighted_mean(
        [
            ((bid + ask) / 2, after - time)
            for time, after, bid, ask in zip(
                times, times[1:], series.bid_quantities, series.ask_quantities, strict=False
            )
        ]
    )


def _near_depth(series: Series) -> float | None:
    found = []
    for _, bids, asks in series.depths:
        if bids and asks:
            middle = (bids[0][0] + asks[0][0]) / 2
            reach = middle * NEAR_BPS / 10_000
            found.append((_within(bids, middle, reach) + _within(asks, middle, reach)) / 2)
    return mean(found)


def _within(levels: Levels, middle: float, reach: float) -> int:
    return sum(quantity for price, quantity in levels if abs(price - middle) <= reach)
