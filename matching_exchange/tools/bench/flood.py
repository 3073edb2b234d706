"""python -m matching_exchange.tools.bench.flood PORT RATE SECONDS: send orders at that rate from an address of its own,
whatever is answered. The process takes the lowest priority. It prints how many were taken, and how many refused."""

import os
import sys
import time
from collections import Counter
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from matching_exchange.tools.connections import Connections, request_bytes

CONNECTIONS: Final = 32
LOWEST_PRIORITY: Final = 19
ADDRESS: Final = "192.0.2.1"
"""What X-Forwarded-For tells: this machine is the gateway's trusted proxy."""

BODY: Final = b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"0.1","price":"100"}'


class Flooded(Struct, frozen=True):
    """The answers to the flood, and the requests that found no free connection. `seconds` is how long it took."""

    taken: int
    refused: int
    late: int
    seconds: float


def order_from(address: str, port: int) -> bytes:
    """A request of a client of this address."""
    request = request_bytes("POST", "/orders", f"127.0.0.1:{port}", BODY)
    return request.replace(b"\r\n", b"\r\nX-Forwarded-For: " + address.encode() + b"\r\n", 1)


def flood(port: int, rate: int, seconds: float) -> Flooded:
    connections = Connections("127.0.0.1", port, CONNECTIONS)
    connections.open()
    request = order_from(ADDRESS, port)
    answers: Counter[int] = Counter()
    sent = late = 0
    started = time.perf_counter()
    try:
        while (passed := time.perf_counter() - started) < seconds:
            while sent + late < passed * rate:
                if connections.free:
                    connections.send(sent, request)
                    sent += 1
                else:
                    late += 1
            answers.update(each.status for each in connections.receive(1 / rate))
        while connections.under_way and time.perf_counter() - started < seconds + 10:
            answers.update(each.status for each in connections.receive(1.0))
    finally:
        connections.close()
    taken, refused = answers.pop(HTTPStatus.OK, 0), answers.pop(HTTPStatus.TOO_MANY_REQUESTS, 0)
    if answers:
        sys.exit(f"the flood was answered with {dict(answers)}")
    return Flooded(taken, refused, late, passed)


if __name__ == "__main__":
    os.nice(LOWEST_PRIORITY)
    print(msgspec.json.encode(flood(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))).decode())
