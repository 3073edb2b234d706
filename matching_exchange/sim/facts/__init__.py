"""Stylised facts: what real markets have in common, computed of a simulation and of recordings alike."""

from matching_exchange.sim.facts.facts import Facts, facts_of
from matching_exchange.sim.facts.sampler import DepthSampler
from matching_exchange.sim.facts.series import Series, series_of
from matching_exchange.sim.facts.table import table

__all__ = ["DepthSampler", "Facts", "Series", "facts_of", "series_of", "table"]
