"""Simulation in process: the very engine, virtual time, and agents between which messages take their time.

sim.live and sim.gym are loaded when they are first used: not every simulation needs the client, or Gymnasium.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# Decides which core runs, before any module of it is imported.
from matcher import CORE
from matching_exchange.sim import agents, facts, scenarios
from matching_exchange.sim.backtest import Backtest, BacktestError, Power, Proportional, QueueModel, RiskAverse
from matching_exchange.sim.chance import Chance
from matching_exchange.sim.durations import hours, minutes, ms, seconds, us
from matching_exchange.sim.instruments import instrument, on_tick
from matching_exchange.sim.kernel.errors import SimulationEndedError, TimeStandsStillError
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.kernel.values import Book, Order, OrderState, OrderUpdate, Trade, UpdateKind
from matching_exchange.sim.latency import Constant, Empirical, Exponential, Latency, LatencyError, LogNormal, Uniform
from matching_exchange.sim.market import Market
from matching_exchange.sim.order_entry import OrderEntryError
from matching_exchange.sim.result.figures import Figures, Markout
from matching_exchange.sim.result.result import Result, ResultError
from matching_exchange.sim.scenarios import scenario
from matching_exchange.sim.simulation import Flow, Session, Simulation, SimulationError
from matching_exchange.sim.strategy import Strategy
from matching_exchange.sim.sweeps.outcomes import Failure, Run, SweepError
from matching_exchange.sim.sweeps.sweep import sweep
from matching_exchange.sim.sweeps.sweep_result import SweepResult
from protocol.instrument import Instrument
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from matching_exchange.sim import live

__all__ = [
    "CORE",
    "Backtest",
    "BacktestError",
    "Book",
    "Chance",
    "Constant",
    "Empirical",
    "Exponential",
    "Failure",
    "Figures",
    "Flow",
    "Instrument",
    "Latency",
    "LatencyError",
    "LogNormal",
    "Market",
    "Markout",
    "Order",
    "OrderEntryError",
    "OrderState",
    "OrderType",
    "OrderUpdate",
    "Power",
    "Proportional",
    "QueueModel",
    "Record",
    "Result",
    "ResultError",
    "RiskAverse",
    "Run",
    "Session",
    "Side",
    "Simulation",
    "SimulationEndedError",
    "SimulationError",
    "Strategy",
    "SweepError",
    "SweepResult",
    "TimeStandsStillError",
    "Trade",
    "Uniform",
    "UpdateKind",
    "agents",
    "facts",
    "hours",
    "instrument",
    "live",
    "minutes",
    "ms",
    "on_tick",
    "scenario",
    "scenarios",
    "seconds",
    "sweep",
    "us",
]

_LATER = ("gym", "live")


def __getattr__(name: str) -> object:
    if name in _LATER:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
