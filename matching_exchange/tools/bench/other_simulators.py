"""python -I other_simulators.py NAME [ORDERS SEED]: one round of a simulator from elsewhere, as a line of JSON.

Runs in the Python that has the simulator: nothing of this project can be imported there. Without ORDERS it tells the
version alone. NAME is a key of SIMULATORS. A simulator that is not there is told as null.

An order is a message that reaches the simulator's market: a new order, a cancel, a change of an order. What they log
and record is switched off. Building agents and imports are not timed. Times are the process's processor time: none
of them waits for anything.
"""

from __future__ import annotations

import json
import logging
import platform
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable  # noqa: TC003  as everywhere else
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

NO_VERSION = "0.0.0"
"""That of a distribution which names none."""


def abides(orders: int, seed: int) -> tuple[float, Counter[str]]:
    """Its configuration rmsc04: 1,000 noise agents, 102 value agents, 12 momentum agents and 2 market makers."""
    kernel_module = import_module("abides_core.kernel")
    configuration = import_module("abides_markets.configs.rmsc04").build_config(
        seed=seed,
        end_time="16:00:00",
        log_orders=False,
        exchange_log_orders=False,
        book_logging=False,
        stdout_log_level="CRITICAL",
    )
    message = import_module("abides_markets.messages.order")
    random_state = configuration.pop("random_state_kernel")
    for name in ("seed", "stdout_log_level"):
        del configuration[name]
    kernel = kernel_module.Kernel(random_state=random_state, log_dir="unused", skip_log=True, **configuration)
    exchange = configuration["agents"][0]
    receive = exchange.receive_message
    counts: Counter[str] = Counter()
    left = orders

    def count_and_receive(now: int, sender: int, received: Any) -> None:
        nonlocal left
        if isinstance(received, message.OrderMsg):
            counts[type(received).__name__] += 1
            left -= 1
            if left == 0:
                # Its loop ends after this message.
                kernel.stop_time = 0
        receive(now, sender, received)

    exchange.receive_message = count_and_receive
    started = time.process_time()
    kernel.initialize()
    kernel.runner()
    return time.process_time() - started, counts


def pams(orders: int, seed: int) -> tuple[float, Counter[str]]:
    """Its sample CI2002, in which one of 100 agents places an order in each step, with as many steps as orders."""
    opening = min(100, orders // 2)
    session = {"withOrderPlacement": True, "withPrint": False, "highFrequencySubmitRate": 1.0}
    settings = {
        "simulation": {
            "markets": ["Market"],
            "agents": ["FCNAgents"],
            "sessions": [
                {"sessionName": 0, "iterationSteps": opening, "withOrderExecution": False, **session},
                {"sessionName": 1, "iterationSteps": orders - opening, "withOrderExecution": True, **session},
            ],
        },
        "Market": {"class": "Market", "tickSize": 0.00001, "marketPrice": 300.0},
        "FCNAgents": {
            "class": "FCNAgent",
            "numAgents": 100,
            "markets": ["Market"],
            "assetVolume": 50,
            "cashAmount": 10000,
            "fundamentalWeight": {"expon": [1.0]},
            "chartWeight": {"expon": [0.0]},
            "noiseWeight": {"expon": [1.0]},
            "meanReversionTime": {"uniform": [50, 100]},
            "noiseScale": 0.001,
            "timeWindowSize": [100, 200],
            "orderMargin": [0.0, 0.1],
        },
    }
    runner = import_module("pams.runners").SequentialRunner(settings, prng=random.Random(seed), logger=None)
    # What main() does, without its prints and with the time of the simulation alone.
    runner._setup()
    market = runner.simulator.markets[0]
    counts: Counter[str] = Counter()

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def count_and_call(*arguments: Any, **named: Any) -> Any:
            counts[name] += 1
            return call(*arguments, **named)

        return count_and_call

    market._add_order = counted("Order", market._add_order)
    market._cancel_order = counted("Cancel", market._cancel_order)
    started = time.process_time()
    runner._run()
    return time.process_time() - started, counts


def market_wave(components: int) -> Callable[[int, int], tuple[float, Counter[str]]]:
    """The market of its quick start, with that many components of its flow: its README has 64, the least is 1."""

    def run(orders: int, seed: int) -> tuple[float, Counter[str]]:
        module = import_module("market_wave")
        market = module.Market(
            module.MarketConfig(
                initial_price=100_000,
                tick_size=1,
                step_seconds=1.0,
                order_rate=20.0,
                mean_price_offset_ticks=4.0,
                mean_order_size_lots=3.0,
                mean_order_lifetime_seconds=5.0,
                flow_component_count=components,
                seed=seed,
            )
        )
        submission, cancellation = module.Submission, module.Cancellation
        submitted = canceled = 0
        started = time.process_time()
        for step in market.stream():
            for event in step.events:
                if type(event) is submission:
                    submitted += 1
                elif type(event) is cancellation:
                    canceled += 1
            if submitted + canceled >= orders:
                break
        return time.process_time() - started, Counter(Submission=submitted, Cancellation=canceled)

    return run


SIMULATORS: dict[str, tuple[str, Callable[[int, int], tuple[float, Counter[str]]]]] = {
    "ABIDES": ("abides-markets", abides),
    "pams": ("pams", pams),
    "market-wave (64)": ("market-wave", market_wave(64)),
    "market-wave (1)": ("market-wave", market_wave(1)),
}
"""By name: the distribution whose version is told, and what runs it for a number of orders and a seed. Behind
market-wave stands the number of its components."""


def main(arguments: list[str]) -> int:
    distribution, run = SIMULATORS[arguments[0]]
    try:
        told: dict[str, Any] = {"version": version(distribution), "python": platform.python_version()}
    except PackageNotFoundError:
        print("null")
        return 0
    if len(arguments) > 1:
        # What they would log is not even formatted, and what they warn of is their own matter.
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
        seconds, counts = run(int(arguments[1]), int(arguments[2]))
        told.update(orders=sum(counts.values()), seconds=seconds, counts=dict(counts))
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
