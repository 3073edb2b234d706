"""An execution study: TWAP against POV, each buying 10 BTC within ten minutes, in 100 markets.

    python examples/execution_study.py                # on all cores
    python examples/execution_study.py --seeds 10

Both trade in the same 100 markets. So what a market does by itself is taken out by comparing them market by market.
"""

import argparse

from matching_exchange import sim
from matching_exchange.sim.sweeps.distribution import Distribution, distribution_of

QUANTITY, WITHIN = 10, sim.minutes(10)


def buyer(algorithm: str) -> sim.Strategy:
    if algorithm == "TWAP":
        return sim.agents.TWAP(sim.Side.BUY, QUANTITY, WITHIN)
    return sim.agents.POV(sim.Side.BUY, QUANTITY, WITHIN, share=20, finish=True)


def market(seed: int, algorithm: str) -> sim.Simulation:
    """One run: a calm market, and the buyer, whose messages take 5 ms each way."""
    simulation = sim.scenario("calm", seed=seed)
    latency = sim.Latency.of(sim.Constant(sim.ms(5)))
    simulation.add(buyer(algorithm), "buyer", latency=latency)
    return simulation


def row(name: str, found: Distribution | None) -> str:
    assert found is not None and found.low is not None and found.high is not None, "there are several runs"
    return f"{name:<34} {found.mean:>9.2f}   {found.low:>9.2f} to {found.high:>9.2f}   {found.runs:>4}"


def study(seeds: int) -> None:
    parameters = {"algorithm": ["TWAP", "POV"]}
    duration = WITHIN + sim.minutes(1)
    result = sim.sweep(market, duration=duration, seeds=range(seeds), parameters=parameters, agents=["buyer"])
    paid: dict[str, list[float]] = {}
    print(f"{'':<34} {'mean':>9}   {'95 % interval':^22}   {'runs':>4}")
    for group in result.groups("buyer"):
        name = str(group.parameters["algorithm"])
        paid[name] = [float(each.turnover / each.volume) for each in group.figures if each.volume]
        print(row(f"{name}: slippage of its orders, bps", group.distribution("slippage_bps")))
    differences = [(pov / twap - 1) * 10_000 for twap, pov in zip(paid["TWAP"], paid["POV"], strict=True)]
    print(row("POV paid more than TWAP, bps", distribution_of(differences)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Compare TWAP and POV over many simulated markets.")
    parser.add_argument("--seeds", type=int, default=100, help="markets, at least 2")
    study(parser.parse_args().seeds)
