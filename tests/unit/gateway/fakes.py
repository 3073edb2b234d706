"""The gateway's application on a matcher and a feed that are not there, driven without a server."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from starlette.types import Message

from gateway.app import wire
from gateway.config import GatewayConfig
from gateway.link.answers import Stamped
from gateway.link.feed import Handler, MarketDataFeed
from gateway.link.published import Handler as AccountHandler
from gateway.link.published import KeyHandler
from matching_exchange.process.histogram import Histogram
from protocol import topics
from protocol.commands import Command, InstrumentsQuery, Query
from protocol.events import AccountUpdate, InstrumentList
from protocol.instrument import Instrument
from protocol.market_data import InstrumentMessage, MarketDataMessage

if TYPE_CHECKING:
    from gateway.link.broker import Broker
    from gateway.link.group import Group
    from protocol.metrics import Family

Value = TypeVar("Value")

SEQUENCE = 7
TIMESTAMP = 1_761_281_511_774_999_999
DEADLINE = 5_000_000_000
TIMESTAMP_TEXT = "2025-10-24T04:51:51.774Z"
PATIENCE = 5.0
"""Seconds after which what a test waits for counts as never coming."""

BTC = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 900_000_000, 1_000_000_000, 10_000_000, 10, 20)
BTC_VIEW = {
    "symbol": "BTC-USDT",
    "base": "BTC",
    "quote": "USDT",
    "tick_size": "0.01",
    "lot_size": "0.00001",
    "min_quantity": "0.00001",
    "max_quantity": "9000",
    "max_price": "10000000",
    "min_notional": "1",
    "maker_fee_bps": 10,
    "taker_fee_bps": 20,
    "status": "trading",
    "price_band_bps": None,
    "reference_price": None,
    "max_open_orders": None,
    "max_order_notional": None,
    "halt_bps": None,
    "halt_window_ms": None,
    "halt_ms": None,
    "halted_until": None,
}
CONFIG = GatewayConfig("127.0.0.1", 0, 1, "", "", "", "", (), ("exchange.example",), 5000)


class FakeBroker:
    """Answers as told: `answers` and `results` give, by the class of a command or query, the answer, an exception to
    raise, or a function that makes either of the message."""

    def __init__(self) -> None:
        self.epoch = 1
        self.available = True
        self.time = TIMESTAMP
        self.clock_difference = 0
        self.journal = ""
        self.sequence = SEQUENCE
        self.in_flight = 0, 0
        self.groups: tuple[Group, ...] = ()
        self.command_times = Histogram()
        self.metrics: list[Family] = []
        self.commands: list[Command] = []
        self.queries: list[Query] = []
        self.answers: dict[type, Any] = {}
        self.results: dict[type, Any] = {InstrumentsQuery: InstrumentList([BTC])}
        self.resets: list[Callable[[], None]] = []
        self.openings: list[Callable[[], None]] = []
        self.account_handlers: dict[str, list[AccountHandler]] = {}
        self.key_handlers: list[KeyHandler] = []

    @property
    def brokers(self) -> "tuple[FakeBroker]":
        return (self,)

    def of(self, _symbol: str) -> "FakeBroker":
        return self

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def now(self) -> int:
        return self.time

    def deadline(self) -> int:
        return self.time + DEADLINE

    def subscribe_keys(self, handler: KeyHandler) -> None:
        self.key_handlers.append(handler)

    def on_reset(self, callback: Callable[[], None]) -> None:
        self.resets.append(callback)

    def on_open(self, callback: Callable[[], None]) -> None:
        self.openings.append(callback)

    def subscribe(self, account: str, handler: AccountHandler) -> Callable[[], None]:
        self.account_handlers.setdefault(account, []).append(handler)
        return lambda: self.account_handlers[account].remove(handler)

    def publish(self, update: AccountUpdate) -> None:
        for handler in list(self.account_handlers.get(update.account, [])):
            handler(update)

    async def command(self, command: Command) -> Stamped[Any]:
        return await self.submit(command)

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Any]]":
        self.commands.append(command)
        future: asyncio.Future[Stamped[Any]] = asyncio.get_running_loop().create_future()
        answer = _resolve(self.answers[type(command)], command)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(_stamped(answer))
        return future

    async def query(self, query: Query, timeout: float = 2.0, repeat: float = 0.5) -> Stamped[Any]:  # noqa: ASYNC109
        self.queries.append(query)
        result = _resolve(self.results[type(query)], query)
        await asyncio.sleep(0)
        if isinstance(result, Exception):
            raise result
        return _stamped(result)


def _resolve(answer: Any, message: object) -> Any:
    return answer(message) if callable(answer) else answer


def _stamped(value: Any) -> Stamped[Any]:
    return value if isinstance(value, Stamped) else Stamped(SEQUENCE, TIMESTAMP, value)


class FakeFeed:
    """Publishes as told, and each instrument's message to a new subscription of its topic, as the matcher does."""

    def __init__(self) -> None:
        self.handlers: dict[bytes, list[Handler]] = {}
        self.current: dict[bytes, MarketDataMessage] = {topics.instruments("BTC-USDT"): instrument_message()}

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def subscribe(self, topic: bytes, handler: Handler) -> Callable[[], None]:
        self.handlers.setdefault(topic, []).append(handler)
        if topic in self.current:
            asyncio.get_running_loop().call_soon(handler, self.current[topic])
        return lambda: self.handlers[topic].remove(handler)

    def publish(self, topic: bytes, message: MarketDataMessage) -> None:
        for handler in list(self.handlers.get(topic, [])):
            handler(message)

    def subscribed(self, topic: bytes) -> bool:
        return bool(self.handlers.get(topic))


def instrument_message(epoch: int = 1, fee_decimals: int = 10) -> InstrumentMessage:
    return InstrumentMessage(
        epoch, 1, 1, 0, TIMESTAMP, "BTC-USDT", "BTC", "USDT", 2, 5, fee_decimals, 1, 1, 10, 20, "trading"
    )


class Answer:
    """An HTTP response."""

    def __init__(self, messages: list[Message]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str, str | None]:
        """Status, code and field of a problem document, checked for what each of them has."""
        document = self.json
        assert self.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= set(document)
        assert document["status"] == self.status
        assert all(document[name] for name in ("type", "title", "detail"))
        assert not re.search(r"Traceback|File \"", document["detail"])
        return self.status, document["code"], document.get("field")


class Gateway:
    """One worker's application with its event loop."""

    def __init__(self, config: GatewayConfig = CONFIG, *groups: "Group") -> None:
        self.broker = FakeBroker()
        self.broker.groups = groups
        self.feed = FakeFeed()
        self.app = wire(config, cast("Broker", self.broker), cast("MarketDataFeed", self.feed))
        self.raised: Exception | None = None
        self.unread = 0
        self._runner = asyncio.Runner()

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    def run(self, scenario: Coroutine[Any, Any, Value]) -> Value:
        return self._runner.run(asyncio.wait_for(scenario, 60))

    def request(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """`body` is bytes, or is sent as JSON, or comes in the chunks of a list of bytes."""
        if body is None:
            chunks = [b""]
        elif isinstance(body, bytes):
            chunks = [body]
        elif isinstance(body, list) and all(isinstance(chunk, bytes) for chunk in body):
            chunks = body
        else:
            chunks = [json.dumps(body).encode()]
        return self.run(self._request(method, target, chunks, headers or {}))

    async def _request(self, method: str, target: str, chunks: list[bytes], headers: dict[str, str]) -> Answer:
        incoming: list[Message] = [
            {"type": "http.request", "body": chunk, "more_body": index + 1 < len(chunks)}
            for index, chunk in enumerate(chunks)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        try:
            await self.app(scope("http", target, headers, method=method, scheme="http"), receive, send)
        except Exception as error:
            # The server is told of it after the answer, to log it.
            self.raised = error
        self.unread = len(incoming)
        return Answer(sent)


def scope(kind: str, target: str, headers: dict[str, str], **more: str) -> dict[str, Any]:
    path, _, query = target.partition("?")
    named = [(name.lower().encode(), value.encode()) for name, value in {"host": "exchange.example", **headers}.items()]
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": named,
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
        "subprotocols": [],
        **more,
    }


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""

    async def wait() -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    await asyncio.wait_for(wait(), PATIENCE)


async def settle() -> None:
    """Let all that is ready to run do so, and what that makes ready."""
    for _ in range(20):
        await asyncio.sleep(0)
