"""python -m matching_exchange.tools.bench.remembered KIND ORDERS SEED: the memory that an engine takes for this number
of remembered done orders.

KIND is `canceled` (without a fill), `filled` (with one fill), `named` or `withdrawn`. `named` is `canceled` with
client_order_ids of 16 to 36 characters. `withdrawn` orders have rested until a command canceled them.
"""

import gc
import sys
from collections.abc import Iterator
from itertools import islice
from random import Random
from string import ascii_letters, digits
from typing import Final

import msgspec

from matcher.engine import Engine
from matcher.serving.queries import answer_query
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.mix import ACCOUNTS, LOT, MAX_LOTS, MIDDLE, SYMBOL, new_engine
from matching_exchange.tools.bench.system import resident_memory
from protocol.codec import encode
from protocol.commands import CancelOrder, Command, OrderQuery, PlaceOrder
from protocol.events import OrderState
from protocol.units import OrderStatus, OrderType, Side

CHARACTERS: Final = ascii_letters + digits + "._:-"
NAME_LENGTHS: Final = (16, 36)

WARM_UP: Final = 1_000
"""Orders that are done before the first look at memory, so that one-time allocations do not count."""

_decode = msgspec.msgpack.Decoder(Command).decode


class Remembered(Measured, frozen=True):
    """`resident` is the memory, in bytes, that the orders have added to the process."""

    orders: int
    resident: int


def orders(kind: str, seed: int) -> Iterator[PlaceOrder]:
    """Orders that are done at once. `filled` ones are done in pairs."""
    random = Random(seed)
    for number in range(sys.maxsize):
        account = ACCOUNTS[number // 2 % len(ACCOUNTS)]
        name = "".join(random.choices(CHARACTERS, k=random.randint(*NAME_LENGTHS))) if kind == "named" else None
        if kind != "filled" or number % 2 == 0:
            quantity = LOT * random.randint(1, MAX_LOTS)
            price = MIDDLE + random.randint(-1000, 1000)
        order_type = OrderType.LIMIT if kind in ("filled", "withdrawn") else OrderType.IOC
        side = Side.SELL if number % 2 and kind != "withdrawn" else Side.BUY
        yield PlaceOrder(SYMBOL, account, side, order_type, quantity, price, None, name)


def measure(kind: str, count: int, seed: int) -> Remembered:
    engine = new_engine()
    flow = orders(kind, seed)
    place(engine, kind, islice(flow, WARM_UP))
    gc.collect()
    before = resident_memory()
    last = place(engine, kind, islice(flow, count))
    gc.collect()
    added = resident_memory() - before
    check(engine, kind, last)
    return Remembered(count, added)


def place(engine: Engine, kind: str, flow: Iterator[PlaceOrder]) -> PlaceOrder:
    """Place the orders as they come from a socket: each of new objects. The last one."""
    for order in flow:
        sequence = engine.registry.last_order_id + 1
        engine.apply(sequence, sequence * 1_000_000_000, _decode(encode(order)))
        if kind == "withdrawn":
            engine.apply(sequence, sequence * 1_000_000_000, _decode(encode(CancelOrder(sequence))))
    return order


def check(engine: Engine, kind: str, last: PlaceOrder) -> None:
    """The first and the last order are remembered, and done."""
    for query in (
        OrderQuery(1),
        OrderQuery(None, last.account, last.client_order_id)
        if kind == "named"
        else OrderQuery(engine.registry.last_order_id),
    ):
        found = answer_query(engine.registry, query)
        wanted = OrderStatus.FILLED if kind == "filled" else OrderStatus.CANCELED
        if not isinstance(found, OrderState) or found.status is not wanted:
            raise BenchError(f"{query} does not find a done order: {found}")


if __name__ == "__main__":
    print(msgspec.json.encode(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))).decode())
