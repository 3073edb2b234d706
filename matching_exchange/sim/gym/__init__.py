"""Gymnasium environments over the very engine: an execution, and market making. They need the extra `gym`.

    import gymnasium
    import matching_exchange.sim.gym

    env = gymnasium.make("MatchingExchange/Execution-v0", quantity="5")
    observation, info = env.reset(seed=1)

`gymnasium.make("matching_exchange.sim.gym:MatchingExchange/MarketMaking-v0")` imports this module by itself.
"""

try:
    from gymnasium import register
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "matching_exchange.sim.gym needs the extra gym: pip install 'matching-exchange[gym]'", name=error.name
    ) from error

from matching_exchange.sim.gym.execution import ExecutionEnv
from matching_exchange.sim.gym.market_making import MarketMakingEnv

__all__ = ["EXECUTION", "MARKET_MAKING", "ExecutionEnv", "MarketMakingEnv"]

EXECUTION = "MatchingExchange/Execution-v0"
MARKET_MAKING = "MatchingExchange/MarketMaking-v0"

register(EXECUTION, entry_point="matching_exchange.sim.gym.execution:ExecutionEnv")
register(MARKET_MAKING, entry_point="matching_exchange.sim.gym.market_making:MarketMakingEnv")
