"""Orders of the Binance dialect beside POST /orders of the native one: one gateway, and a matcher that syncs every
batch.

order.place: one connection of the WebSocket API that has logged on with an Ed25519 key, many orders under way.
POST /api/v3/order: as the native route, each order signed with an HMAC key.

All answers are FULL, and are checked afterwards.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from matching_exchange.tools.bench.api_session import ApiSession, begin_request, now, stamp
from matching_exchange.tools.bench.dialect_orders import DialectOrders
from matching_exchange.tools.bench.exchange import GatewayProcess, MatcherProcess
from matching_exchange.tools.bench.http import ACCOUNT, FASTEST, MARKET, Loop, Orders, closed_loop, measure
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.signatures import signatures
from matching_exchange.tools.bench.signers import Sign, ed25519_signer, hmac_signer
from matching_exchange.tools.bench.system import processor_time
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.wire import PATIENCE

CONNECTIONS: Final = 32

UNDER_WAY: Final = 256
"""Orders under way on the one connection at most."""

ORDER_PATH: Final = "/api/v3/order"


class Holder(Struct, frozen=True):
    """Of an API key of the gateway."""

    api_key: str
    sign: Sign


class Answer(Struct):
    """Of the WebSocket API."""

    id: int
    status: int
    result: Any = None


_decode_answer = msgspec.json.Decoder(Answer).decode


class Way:
    """One way to place orders. turn: carries a round out, and adds what it was to the loops.

    costs: microseconds of the gateway's processor for an order, of each round; none where the system does not tell.
    """

    def __init__(self, gateway: GatewayProcess, turn: Callable[[list[Loop]], float]) -> None:
        self._gateway = gateway
        self._turn = turn
        self.loops: list[Loop] = []
        self.costs: list[float] = []

    def warm_up(self) -> None:
        self._turn([])

    def round(self) -> float:
        """Orders a second."""
        pid = self._gateway.process.running.pid
        before = processor_time(pid)
        found = self._turn(self.loops)
        after = processor_time(pid)
        if before is not None and after is not None:
            self.costs.append((after - before) / 1000 / self.loops[-1].answered)
        return found

    @property
    def busy(self) -> list[float]:
        """The client, in percent."""
        return [each.busy * 100 for each in self.loops]


def binance(plan: Plan) -> Iterator[Row]:
    """The suite."""
    with ExitStack() as stack:
        plan.tell("starting a gateway")
        below = plan.directory / "binance"
        below.mkdir()
        matcher = stack.enter_context(MatcherProcess(below / "data", "--sync=always"))
        flags = (f"--key-file={below / 'server.key'}",)
        gateway = stack.enter_context(GatewayProcess(matcher, below / "gateway.log", flags=flags))
        port, seconds, most = gateway.port, plan.seconds, int(plan.seconds * FASTEST)
        piped, posted = (DialectOrders(MARKET, run, plan.seed, most) for run in ("ws", "post"))
        native = Way(gateway, partial(measure, gateway, Orders(plan.seed, most), CONNECTIONS, seconds, check=True))
        pipelined = Way(gateway, partial(measure_pipelined, port, ed25519_holder(port), piped, seconds))
        signed = Way(gateway, partial(measure_signed, port, hmac_holder(port), posted, seconds))
        plan.tell("orders of both dialects")
        for way in (native, pipelined, signed):
            way.warm_up()
        beside, *rates = take_turns(plan.rounds, native.round, pipelined.round, signed.round)
    yield from rows(plan, "order.place, pipelined", pipelined, rates[0], Target(1.5), native, beside)
    yield from rows(plan, f"POST {ORDER_PATH}, HMAC", signed, rates[1], Target(0.6), native, beside)
    if not native.costs:
        plan.left_out.append("the gateway's processor time: this system does not tell it")
    yield from signatures(plan)


def rows(
    plan: Plan, name: str, way: Way, rates: list[float], target: Target, native: Way, beside: list[float]
) -> Iterator[Row]:
    """The rows of one way, whose rounds have taken turns with the native one."""
    busy = Yardstick("client busy, native", median(native.busy), "%")
    native_rate = Yardstick(f"POST /orders, {CONNECTIONS} connections", median(beside), "orders/s")
    yield row(name, spread(rates), "orders/s", native_rate)
    yield row(f"{name}, to POST /orders", ratio(rates, beside), "ratio", busy, target, quick=plan.quick)
    yield row(f"{name}, client busy", spread(way.busy), "%", busy)
    if way.costs:
        cost = Yardstick("gateway, for POST /orders", median(native.costs), "µs")
        yield row(f"{name}, processor time", spread(way.costs), "µs", cost)


def measure_pipelined(port: int, holder: Holder, orders: DialectOrders, seconds: float, found: list[Loop]) -> float:
    """One round of the WebSocket API; orders a second."""
    begun = [begin_request(number, "order.place", order) for number, order in enumerate(orders.prepare())]
    with ApiSession(port, holder.api_key, holder.sign) as session:
        loop, texts = pipelined_loop(session, begun, seconds)
    answers = list(map(_decode_answer, texts))
    if [answer.id for answer in answers] != list(range(len(answers))):
        raise BenchError("the WebSocket API has not answered each order once, in their order")
    for text, answer in zip(texts, answers, strict=True):
        if answer.status != HTTPStatus.OK:
            raise BenchError(f"order.place was answered with {text.decode(errors='replace')}")
        orders.check(answer.id, answer.result)
    found.append(loop)
    return loop.per_second


def pipelined_loop(session: ApiSession, begun: list[bytes], seconds: float) -> tuple[Loop, list[bytes]]:
    """Send requests for some seconds, or until none is left, UNDER_WAY at a time, and wait for all answers. Returns the
    answers as they came. Each takes the place of the next request."""
    texts: list[bytes] = []
    waits: list[float] = []
    sent: list[float] = []
    clock = time.perf_counter
    worked = time.process_time()
    started = clock()
    while (more := len(sent) < len(begun) and clock() < started + seconds) or len(texts) < len(sent):
        if more:
            room = begun[len(sent) : len(texts) + UNDER_WAY]
            end = stamp()
            sent += [clock()] * len(room)
            session.send(b"".join([request + end for request in room]))
        heard = session.receive()
        at = clock()
        waits += [at - moment for moment in sent[len(texts) : len(texts) + len(heard)]]
        texts += heard
    took = clock() - started
    return Loop(len(texts), took, sorted(waits), (time.process_time() - worked) / took), texts


def measure_signed(port: int, holder: Holder, orders: DialectOrders, seconds: float, found: list[Loop]) -> float:
    """One round of POST /api/v3/order; orders a second."""
    begun = [urlencode(order).encode() for order in orders.prepare()]
    head = f"POST {ORDER_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-MBX-APIKEY: {holder.api_key}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    start = head.encode()

    def request(number: int) -> bytes:
        text = b"%b&timestamp=%d" % (begun[number], now())
        body = b"%b&signature=%b" % (text, holder.sign(text).encode())
        return b"%b%d\r\n\r\n%b" % (start, len(body), body)

    loop, bodies = closed_loop(port, CONNECTIONS, len(begun), request, seconds)
    for number, body in bodies.items():
        orders.check(number, msgspec.json.decode(body))
    found.append(loop)
    return loop.per_second


def ed25519_holder(port: int) -> Holder:
    signer = ed25519_signer()
    key = make_key(port, {"type": "ed25519", "public_key": signer.public_key})
    return Holder(key["key"], signer.sign)


def hmac_holder(port: int) -> Holder:
    key = make_key(port, {"type": "hmac"})
    return Holder(key["key"], hmac_signer(key["secret"]).sign)


def make_key(port: int, asked: dict[str, str]) -> dict[str, str]:
    """A new key of the account that the native orders are of. BenchError where the gateway makes none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        body = msgspec.json.encode({"account": ACCOUNT, **asked})
        connection.request("POST", "/admin/keys", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != HTTPStatus.CREATED:
        raise BenchError(f"the gateway makes no key: {answer.decode(errors='replace')}")
    found: dict[str, Any] = msgspec.json.decode(answer)
    return {name: found[name] for name in ("key", "secret") if name in found}
