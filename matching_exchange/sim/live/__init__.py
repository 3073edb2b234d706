"""The same strategies on a running exchange: `sim.live.run(strategy, symbols=["BTC-USDT"])`."""

from matching_exchange.sim.live.errors import LiveError
from matching_exchange.sim.live.guard import Guard
from matching_exchange.sim.live.run import run, run_async

__all__ = ["Guard", "LiveError", "run", "run_async"]
