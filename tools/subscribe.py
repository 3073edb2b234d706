"""Prints a symbol's trades and depth straight from ZeroMQ.

Copy it: it needs pyzmq and msgspec and nothing of this project. A message is two frames, topic and payload; the payload is a
MessagePack map. Prices and quantities are integers; the instrument message, which comes first, says how many decimals they have.
"""

import argparse
from contextlib import suppress
from decimal import Decimal

import msgspec
import zmq


def amount(quantity_and_decimals: tuple[int, int], price_and_decimals: tuple[int, int]) -> str:
    """Both as text: each value is integer x 10^-decimals."""
    quantity, price = (Decimal(value).scaleb(-decimals) for value, decimals in (quantity_and_decimals, price_and_decimals))
    return f"{quantity} at {price}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="subscribe", description="Print a symbol's trades and depth straight from ZeroMQ.")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT", help="the symbol (default: BTC-USDT)")
    parser.add_argument("--market-data", default="tcp://127.0.0.1:5556", help="the matcher's market data (default: tcp://127.0.0.1:5556)")
    parser.add_argument("--count", type=int, default=0, help="stop after so many messages (default: never)")
    arguments = parser.parse_args()

    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    socket.connect(arguments.market_data)
    for kind in ("instruments", "depth", "trades"):
        socket.subscribe(f"{kind}/{arguments.symbol}/")

    price_decimals = quantity_decimals = 0
    last_numbers: dict[bytes, tuple[int, int]] = {}
    received = 0
    while not arguments.count or received < arguments.count:
        topic, payload = socket.recv_multipart()
        message = msgspec.msgpack.decode(payload)
        received += 1

        epoch, number = last_numbers.get(topic, (0, 0))
        if message["epoch"] == epoch and message["number"] <= number:
            continue  # sent again for somebody who has just subscribed
        if message["epoch"] == epoch and message["previous"] != number:
            print(f"-- missed {message['previous'] - number} of {topic.decode()}")
        last_numbers[topic] = (message["epoch"], message["number"])

        if message["type"] == "instrument":
            price_decimals, quantity_decimals = message["price_decimals"], message["quantity_decimals"]
            print(f"{message['symbol']} is {message['status']}")
        elif message["type"] == "trade":
            traded = amount((message["quantity"], quantity_decimals), (message["price"], price_decimals))
            print(f"trade {message['trade_id']}: {message['aggressor_side']} {traded}", flush=True)
        else:
            best = [side[0] if side else None for side in (message["bids"], message["asks"])]
            bid, ask = (amount((level[1], quantity_decimals), (level[0], price_decimals)) if level else "nothing" for level in best)
            print(f"depth {message['number']}: best bid {bid}, best ask {ask}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
