"""freqtrade as it is installed: a sample strategy enters and leaves BTC/USDT. Argument: dry or live."""

import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import KEY, SECRET, URL, stay_here, tell

LONGEST: Final = 200.0
"""Seconds: the first whole candle of a minute has to end."""

STRATEGY: Final = """
from freqtrade.strategy import IStrategy


class Sample(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": -1}
    stoploss = -0.1
    startup_candle_count = 0
    process_only_new_candles = False
    order_types = {"entry": "limit", "exit": "limit", "stoploss": "limit", "stoploss_on_exchange": True}

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe
"""


def config_of(kind: str, directory: Path) -> dict[str, Any]:
    pricing = {"use_order_book": True, "order_book_top": 1, "price_side": "other"}
    config = {
        "max_open_trades": 1,
        "stake_currency": "USDT",
        "stake_amount": 500,
        "tradable_balance_ratio": 0.99,
        "dry_run": kind == "dry",
        "cancel_open_orders_on_exit": False,
        "trading_mode": "spot",
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "pairlists": [{"method": "StaticPairList"}],
        "bot_name": "sample",
        "initial_state": "running",
        "strategy": "Sample",
        "strategy_path": str(directory),
        "user_data_dir": str(directory),
        "db_url": f"sqlite:///{directory / 'trades.sqlite'}",
        "internals": {"process_throttle_secs": 2},
        **exchange_client_config("freqtrade", URL, KEY, SECRET),
    }
    config["exchange"]["pair_blacklist"] = []
    return config


def watch(database: Path) -> None:
    """Tell how far the first trade gets, then ask the bot to stop."""
    steps = {
        "entry order": "select count(*) from orders where ft_order_side = 'buy'",
        "entry filled": "select count(*) from orders where ft_order_side = 'buy' and status = 'closed'",
        "exit filled": "select count(*) from orders where ft_order_side = 'sell' and status = 'closed'",
        "trade closed": "select count(*) from trades where is_open = 0",
    }
    deadline = time.monotonic() + LONGEST
    for name, query in steps.items():
        while not _count(database, query) and time.monotonic() < deadline:
            time.sleep(0.5)
        tell(name, None if _count(database, query) else f"never came about in {LONGEST:.0f} s")
    os.kill(os.getpid(), signal.SIGINT)


def _count(database: Path, query: str) -> int:
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as read:
        return int(read.execute(query).fetchone()[0])
    return 0


def main(kind: str) -> None:
    from freqtrade.main import main as run  # noqa: PLC0415 - only that environment has it

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "sample.py").write_text(STRATEGY)
        (directory / "config.json").write_text(json.dumps(config_of(kind, directory)))
        stay_here()
        Thread(target=watch, args=(directory / "trades.sqlite",), daemon=True).start()
        with suppress(SystemExit):
            run(["trade", "--config", str(directory / "config.json")])
    tell("the bot stops")


if __name__ == "__main__":
    main(sys.argv[1])
