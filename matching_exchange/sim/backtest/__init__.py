"""Backtests: strategies trade in a recorded market."""

from matching_exchange.sim.backtest.backtest import Backtest, BacktestError
from matching_exchange.sim.backtest.queue_models import Power, Proportional, QueueModel, RiskAverse

__all__ = ["Backtest", "BacktestError", "Power", "Proportional", "QueueModel", "RiskAverse"]
