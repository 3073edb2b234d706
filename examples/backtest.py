"""A backtest: the market maker of market_maker.py in a recorded market, with and without latency.

    python examples/backtest.py
    python examples/backtest.py --report backtest.html

The recording is synthetic, in the format of Bitstamp's order events. Own orders join the queues behind those recorded.
"""

import argparse
from pathlib import Path

from market_maker import MarketMaker

from matching_exchange import sim
from matching_exchange.recordings import read_bitstamp

RECORDING = Path(__file__).parent / "data" / "bitstamp_synthetic.log.xz"


def backtest(delay: int) -> sim.Result:
    maker = MarketMaker("0.05", half_spread_bps="0.2")
    latency = sim.Latency.of(sim.Constant(delay))
    return sim.Backtest(read_bitstamp(RECORDING), maker, latency=latency, name="maker").run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Trade in a recorded market.")
    parser.add_argument("--report", metavar="FILE", help="write a report of the last run: one HTML file")
    arguments = parser.parse_args()
    for delay in (0, sim.ms(50), sim.ms(500)):
        result = backtest(delay)
        figures = result.figures("maker")
        print(f"latency {delay // sim.ms(1):>3} ms: {figures.fills} fills, profit {figures.pnl} {figures.quote}")
    print(result.summary())
    if arguments.report:
        result.report(arguments.report, title="Market maker in a recorded market")
