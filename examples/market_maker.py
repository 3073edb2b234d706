"""A market maker: one class, in a simulation and on a running exchange.

python examples/market_maker.py --simulate      # ten minutes of a calm market, in a second
python examples/market_maker.py --seconds 60    # live: on the demo, or on EXCHANGE_URL with EXCHANGE_KEY
"""

import argparse
from decimal import Decimal

from matching_exchange import sim

BASIS_POINT = Decimal("0.0001")


class MarketMaker(sim.Strategy):
    """Quotes both sides of the middle, and leans against what it holds."""

    def __init__(self, quantity: str = "0.1", half_spread_bps: str = "3", most: str = "1") -> None:
        self.quantity = Decimal(quantity)
        self.half_spread = Decimal(half_spread_bps) * BASIS_POINT
        self.most = Decimal(most)

    def on_start(self, market: sim.Market) -> None:
        market.wake_in(sim.seconds(1))

    def on_wakeup(self, market: sim.Market) -> None:
        market.wake_in(sim.seconds(1))
        middle = market.book().mid
        if middle is None:
            return
        # The more it holds, the lower it quotes: it would rather sell.
        middle *= 1 - self.half_spread * market.position() / self.most
        instrument = market.instruments[market.symbol]
        wanted = {
            sim.Side.BUY: sim.on_tick(instrument, middle * (1 - self.half_spread), sim.Side.BUY),
            sim.Side.SELL: sim.on_tick(instrument, middle * (1 + self.half_spread), sim.Side.SELL),
        }
        for order in market.orders():
            if order.price == wanted.get(order.side):
                del wanted[order.side]  # it keeps its place in the queue
            else:
                market.cancel(order)
        for side, price in wanted.items():
            send = market.buy if side is sim.Side.BUY else market.sell
            send(self.quantity, price, post_only=True)


def simulate(seed: int) -> sim.Result:
    market = sim.scenario("calm", seed=seed)
    market.add(MarketMaker(), "maker", latency=sim.Latency.of(sim.Constant(sim.ms(5))))
    return market.run(sim.minutes(10))


def trade_live(seconds: int | None) -> sim.Result:
    duration = None if seconds is None else sim.seconds(seconds)
    guard = sim.live.Guard(max_position=1)
    return sim.live.run(MarketMaker(), symbols=["BTC-USDT"], duration=duration, guard=guard)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a market: live until Ctrl-C, or in a simulation.")
    parser.add_argument("--simulate", action="store_true", help="trade in a simulated market")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated market")
    parser.add_argument("--seconds", type=int, help="how long to trade live")
    parser.add_argument("--report", metavar="FILE", help="write a report: one HTML file")
    arguments = parser.parse_args()
    result = simulate(arguments.seed) if arguments.simulate else trade_live(arguments.seconds)
    print(result.summary())
    if arguments.report:
        result.report(arguments.report, title="Market maker")
