"""Agents to build on: each trades one instrument, and makes of what it sees and of seeded chance its orders.

Chance is in integers: the same seed gives the same orders on every machine. Quantities, prices and basis points are
given as decimals (Decimal, str, int), durations in nanoseconds.
"""

from matching_exchange.sim.agents.execution import POV, TWAP, VWAP, Execution, volume_profile
from matching_exchange.sim.agents.market_maker import MarketMaker
from matching_exchange.sim.agents.takers import Large, Momentum, Noise, Value, Witness
from matching_exchange.sim.agents.tape import Amend, Buy, Cancel, ScriptedTape, Sell
from matching_exchange.sim.agents.trader import Trader
from matching_exchange.sim.agents.world import Motion, Phase, World
from matching_exchange.sim.agents.zero_intelligence import ZeroIntelligence

__all__ = [
    "POV",
    "TWAP",
    "VWAP",
    "Amend",
    "Buy",
    "Cancel",
    "Execution",
    "Large",
    "MarketMaker",
    "Momentum",
    "Motion",
    "Noise",
    "Phase",
    "ScriptedTape",
    "Sell",
    "Trader",
    "Value",
    "Witness",
    "World",
    "ZeroIntelligence",
    "volume_profile",
]
