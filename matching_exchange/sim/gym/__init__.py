"""Gymnasium environments over the very engine: an execution, and market making. They need the extra `gym`.

    import gymnasium
    import matching_exchange.sim.gym

    env = gymnasium.make("MatchingExchange/Execution-v0", quantity="5")
    observation, info = env.reset(seed=1)

`gymnasium.make("matching_exchange.sim.gym:MatchingExchange/MarketMaking-v0")` imports this module by itself.
"""

from matching_exchange.sim.extras import require

require("gymnasium", "gym")

from gymnasium import register  # noqa: E402

from matching_exchange.sim.gym.execution import ExecutionEnv  # noqa: E402
from matching_exchange.sim.gym.market_making import MarketMakingEnv  # noqa: E402

__all__ = ["EXECUTION", "MARKET_MAKING", "ExecutionEnv", "MarketMakingEnv"]

EXECUTION = "MatchingExchange/Execution-v0"
MARKET_MAKING = "MatchingExchange/MarketMaking-v0"

register(EXECUTION, entry_point="matching_exchange.sim.gym.execution:ExecutionEnv")
register(MARKET_MAKING, entry_point="matching_exchange.sim.gym.market_making:MarketMakingEnv")
