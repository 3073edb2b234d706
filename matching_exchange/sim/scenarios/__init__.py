"""Scenarios: markets with their agents, in which strategies are tried."""

from matching_exchange.sim.scenarios.scenarios import (
    PRICE,
    SCENARIOS,
    STANDARD,
    calm,
    flash_crash,
    opening_rush,
    scenario,
    thin_book,
    trend,
)

__all__ = [
    "PRICE",
    "SCENARIOS",
    "STANDARD",
    "calm",
    "flash_crash",
    "opening_rush",
    "scenario",
    "thin_book",
    "trend",
]
