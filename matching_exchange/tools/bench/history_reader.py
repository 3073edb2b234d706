"""python -m matching_exchange.tools.bench.history_reader FILE: read pages of a history until the standard input ends.

It says a line once it has read the first one, and then how many it was.
"""

import select
import sqlite3
import sys
from contextlib import closing
from typing import Final

PAGES_OF_A_LOOK: Final = 4

PAGE: Final = "SELECT * FROM trades WHERE symbol = ? ORDER BY trade_id DESC LIMIT 1000"
CANDLES: Final = "SELECT * FROM candles WHERE symbol = ? AND interval = '1s' ORDER BY open_time DESC LIMIT 1000"

PAUSE: Final = 0.01
"""Seconds between two looks."""


def main(path: str) -> None:
    pages = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while not pages or not select.select([sys.stdin], [], [], PAUSE)[0]:
            for symbol in ("BTC-USDT", "ETH-USDT"):
                for statement in (PAGE, CANDLES):
                    connection.execute(statement, (symbol,)).fetchall()
                    pages += 1
            if pages == PAGES_OF_A_LOOK:
                print("reads", flush=True)
    print(pages)


if __name__ == "__main__":
    main(sys.argv[1])
