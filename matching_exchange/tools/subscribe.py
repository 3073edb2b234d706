"""Prints a symbol's trades and depth straight from ZeroMQ.

Copy `follow` with the three functions that it calls: they need pyzmq and msgspec and nothing of this project. A message
is two frames, topic and payload; the payload is a MessagePack map. Prices and quantities are integers; the instrument
message, which comes first, says how many decimals they have.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import zmq

from matching_exchange.process.command_line import run_program
from matching_exchange.tools.arguments import Parser, number

PROGRAM = "subscribe"

SILENT_SECONDS = 2
"""Seconds without a message after which a warning is printed. The matcher sends a heartbeat once a second."""


def amount(quantity_and_decimals: tuple[int, int], price_and_decimals: tuple[int, int]) -> str:
    """Both as text: each value is integer x 10^-decimals."""
    quantity, price = (
        Decimal(value).scaleb(-decimals) for value, decimals in (quantity_and_decimals, price_and_decimals)
    )
    return f"{quantity} at {price}"


def connect(endpoint: str, server: str) -> "zmq.Socket[bytes]":
    """A socket without subscriptions."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    socket.set(zmq.IPV6, "[" in endpoint)
    if server:
        # Any key may read market data.
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.curve_serverkey = server.encode()
    socket.connect(endpoint)
    return socket


def follow(endpoint: str, symbol: str, count: int, server: str = "") -> None:
    """Print `count` messages of the symbol; zero never stops. `server` is the matcher's public key, where its market
    data has CURVE."""
    socket = connect(endpoint, server)
    for topic_wanted in (f"instruments/{symbol}/", f"depth/{symbol}/", f"trades/{symbol}/", "heartbeat/"):
        socket.subscribe(topic_wanted)
    if not socket.poll(SILENT_SECONDS * 1000):
        print(f"-- nobody sends market data at {endpoint}: waiting", file=sys.stderr, flush=True)

    decimals: tuple[int, int] | None = None
    last_numbers: dict[bytes, tuple[int, int]] = {}
    listed: set[str] = set()
    received = heartbeats = 0
    while not count or received < count:
        topic, payload = socket.recv_multipart()
        message = msgspec.msgpack.decode(payload)

        if message["type"] == "heartbeat":
            # The instrument's message would have come before the second one.
            heartbeats += decimals is None
            if heartbeats == SILENT_SECONDS and decimals is None:
                socket.subscribe("instruments/")
            elif heartbeats == SILENT_SECONDS + 1 and decimals is None:
                socket.unsubscribe("instruments/")
                print(
                    f"-- no instrument {symbol}, there are {', '.join(sorted(listed))}: waiting",
                    file=sys.stderr,
                    flush=True,
                )
            continue
        if message["symbol"] != symbol:
            listed.add(message["symbol"])
            continue

        received += 1
        epoch, number_before = last_numbers.get(topic, (0, 0))
        if message["epoch"] == epoch and message["number"] <= number_before:
            continue  # sent again for a new subscriber
        if message["epoch"] == epoch and message["previous"] != number_before:
            print(f"-- missed {message['previous'] - number_before} of {topic.decode()}")
        last_numbers[topic] = (message["epoch"], message["number"])

        if message["type"] == "instrument":
            decimals = message["price_decimals"], message["quantity_decimals"]
            print(f"{symbol} is {message['status']}", flush=True)
            continue
        if decimals is not None:  # the instrument's message may still be to come
            tell(message, *decimals)


def tell(message: dict[str, Any], price_decimals: int, quantity_decimals: int) -> None:
    """Print a trade, or the best levels of a depth."""
    if message["type"] == "trade":
        traded = amount((message["quantity"], quantity_decimals), (message["price"], price_decimals))
        print(f"trade {message['trade_id']}: {message['aggressor_side']} {traded}", flush=True)
        return
    best = [side[0] if side else None for side in (message["bids"], message["asks"])]
    bid, ask = (
        amount((level[1], quantity_decimals), (level[0], price_decimals)) if level else "nothing" for level in best
    )
    print(f"depth {message['number']}: best bid {bid}, best ask {ask}", flush=True)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    parser = Parser(PROGRAM, "Print a symbol's trades and depth straight from ZeroMQ.")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT", help="the symbol (default: BTC-USDT)")
    parser.add_endpoint("market-data", "the matcher's socket of market data")
    parser.add_argument(
        "--count", type=number(0), default=0, metavar="N", help="stop after N messages (default: 0, never)"
    )
    options = parser.read(arguments, environment)
    with suppress(KeyboardInterrupt):
        keys = options.keys.for_market_data if options.keys is not None else None
        follow(options.market_data, options.symbol, options.count, keys.server if keys is not None else "")


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
