"""The WebSockets: market data and trades of one symbol each, from channels that live as long as they have clients."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.channels import DepthChannel, DepthClient, TradesChannel, TradesClient
from gateway.endings import START_AGAIN, Ending, close_stream, refuse_stream
from gateway.instruments import Instruments
from gateway.link import MarketData, Matcher, MatcherUnavailable
from gateway.problems import Problem, unanswered
from gateway.resources import query_parameters, required
from protocol.instrument import Instrument

MAX_STREAMS: Final = 10_000
"""The most streams that one worker serves."""


class Client(Protocol):
    async def next(self) -> str | Ending: ...

    def end(self, ending: Ending) -> None: ...


Member = TypeVar("Member", bound=Client)


class Channel(Protocol[Member]):
    clients: set[Member]

    def client(self) -> Member: ...

    async def prepare(self, client: Member) -> None: ...

    def close(self) -> None: ...


class Channels(Generic[Member]):
    """The channels of one kind, by symbol."""

    def __init__(self, open_channel: Callable[[Instrument], Channel[Member]]) -> None:
        self._open_channel = open_channel
        self._channels: dict[str, Channel[Member]] = {}

    def enter(self, instrument: Instrument) -> tuple[Channel[Member], Member]:
        """The symbol's channel, opened where there was none, and a new client in it."""
        channel = self._channels.get(instrument.symbol)
        if channel is None:
            channel = self._channels[instrument.symbol] = self._open_channel(instrument)
        client = channel.client()
        channel.clients.add(client)
        return channel, client
