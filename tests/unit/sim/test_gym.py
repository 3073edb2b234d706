"""The Gymnasium environments: what Gymnasium asks of them, what a seed promises, and what rewards add up to."""

import subprocess
import sys
import warnings
from decimal import Decimal
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from matching_exchange import sim
from matching_exchange.sim.gym import EXECUTION, MARKET_MAKING, ExecutionEnv, MarketMakingEnv
from matching_exchange.sim.gym.environment import OBSERVED
from tests.exchange import ROOT

BOTH = (EXECUTION, MARKET_MAKING)

Episode = tuple[list[list[float]], list[float], dict[str, Any]]


def play(env: gymnasium.Env[Any, Any], actions: list[list[int]], seed: int | None = 1) -> Episode:
    """Observations, rewards and the last info of an episode; the last action is repeated to its end."""
    seen, info = env.reset(seed=seed)
    observations, over = [seen.tolist()], False
    rewards: list[float] = []
    while not over:
        action = np.array(actions[min(len(rewards), len(actions) - 1)], np.int64)
        seen, reward, over, truncated, info = env.step(action)
        assert not truncated
        observations.append(seen.tolist())
        rewards.append(float(reward))
    return observations, rewards, info


@pytest.mark.parametrize("name", BOTH)
def test_gymnasium_finds_no_fault(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(name, decisions=5).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", BOTH)
def test_a_seed_gives_the_same_episodes_again(name: str) -> None:
    def episodes(seed: int) -> list[Any]:
        env = gymnasium.make(name, decisions=4)
        first = play(env, [[2, 2], [1, 3]], seed)
        return [first, env.unwrapped.result.digest, play(env, [[3, 1]], None)]  # type: ignore[attr-defined]

    again = episodes(7)
    assert episodes(7) == again
    assert episodes(8)[0] != again[0]
    assert again[0][0] != again[2][0], "the episode after it is another one"


@pytest.mark.parametrize(("side", "sign"), [("sell", -1), ("buy", 1)])
@pytest.mark.parametrize("action", [[1, 3], [4, 0], [0, 0]])
def test_the_rewards_of_an_execution_are_its_shortfall(side: str, sign: int, action: list[int]) -> None:
    latency = sim.Latency.of(sim.Constant(sim.ms(20)))
    env = ExecutionEnv(side, "2", decisions=6, latency=latency)
    observations, rewards, info = play(env, [action])

    assert Decimal(info["position"]) == sign * 2, "all of it was traded, and not more"
    first = env.first_middle
    earned = Decimal(info["cash"]) + sign * 2 * first
    assert sum(rewards) == pytest.approx(float(earned * 10_000 / (2 * first)))
    holding = OBSERVED.index("holding")
    assert observations[0][holding] == 1
    assert observations[-1][holding] == 0


def test_an_execution_ends_once_all_is_traded() -> None:
    _, rewards, info = play(ExecutionEnv("buy", "1", decisions=20), [[4, 0]])
    assert len(rewards) == 1
    assert info["position"] == "1.00000"


def test_the_rewards_of_a_market_maker_are_its_profit_in_basis_points() -> None:
    env = MarketMakingEnv("0.5", "2", offsets=(1, 2), decisions=30)
    _, rewards, info = play(env, [[1, 1]])

    assert env.result is not None
    figures = env.result.figures("learner")
    assert figures.fills > 0
    worth = Decimal(info["cash"]) + Decimal(info["position"]) * Decimal(info["middle"])
    assert sum(rewards) == pytest.approx(float(worth * 10_000 / (2 * env.first_middle)))
    assert figures.maker_share == 1, "quotes never take"
    assert figures.max_position is not None
    assert figures.max_position <= 2


def test_latency_never_makes_an_execution_trade_more_than_its_quantity() -> None:
    latency = sim.Latency.of(sim.Constant(sim.seconds(3)))
    env = ExecutionEnv(quantity="5", decisions=20, latency=latency)
    for seed in range(2):
        play(env, [[2, 2], [3, 3], [4, 1]] * 7, seed)
        assert abs(env.puppet.position) <= 5


def test_latency_never_takes_a_market_maker_beyond_its_bound() -> None:
    latency = sim.Latency.of(sim.Constant(sim.seconds(1)))
    env = MarketMakingEnv(quantity="1", most="2", decisions=60, latency=latency)
    for seed in (0, 2):
        env.reset(seed=seed)
        actions = np.random.default_rng(seed)
        for _ in range(22):
            env.step(actions.integers(1, 4, 2))
            assert abs(env.puppet.position) <= 2


@pytest.mark.parametrize("action", [[-1, 0], [0, 7], [0.5, 0.5], [1], 1])
def test_an_action_outside_of_the_space_is_refused(action: Any) -> None:
    for env in (ExecutionEnv(), MarketMakingEnv()):
        env.reset(seed=1)
        with pytest.raises(ValueError, match=r"action takes one of MultiDiscrete"):
            env.step(np.array(action))


def test_a_market_maker_that_quotes_nothing_trades_nothing() -> None:
    _, rewards, info = play(MarketMakingEnv(decisions=3), [[0, 0]])
    assert (rewards, info["position"], info["cash"]) == ([0, 0, 0], "0", "0")


def test_bad_parameters_say_what_is_taken() -> None:
    with pytest.raises(ValueError, match="side takes sell or buy, not 'both'"):
        ExecutionEnv("both")
    with pytest.raises(sim.OrderEntryError, match="quantity takes more than zero, not 0"):
        ExecutionEnv(quantity=0)
    with pytest.raises(ValueError, match="offsets takes basis points from 1 to 9999"):
        MarketMakingEnv(offsets=())
    with pytest.raises(ValueError, match="decisions takes at least 1, not 0"):
        MarketMakingEnv(decisions=0)
    with pytest.raises(sim.LatencyError, match=r"orders takes a delay such as Constant\(ms\(20\)\), not 20"):
        sim.Latency(orders=20)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        ExecutionEnv().step(np.array([0, 0]))


def test_the_missing_extra_is_named() -> None:
    program = "import sys; sys.modules['gymnasium'] = None; from matching_exchange import sim; sim.gym"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "gymnasium is not installed: pip install 'matching-exchange[gym]' brings it" in ended.stderr
