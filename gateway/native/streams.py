"""The WebSockets of the native dialect: what a client asks for, and the messages that it is sent."""

from collections.abc import Callable, Mapping
from typing import Final, Generic

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.access.caller import ANYONE
from gateway.access.door import Door
from gateway.access.needs import PUBLIC, USER_STREAM
from gateway.exchange.exchange import Exchange
from gateway.http.closing import Closing
from gateway.http.errors import HttpError
from gateway.http.responses import encode
from gateway.link.feed import Feed
from gateway.link.instruments import Instruments
from gateway.link.matcher_link import MatcherLink
from gateway.native.calls.parameters import query_parameters, required, whole_number
from gateway.native.json.book_messages import BOOK, ORDERS
from gateway.native.json.names import check_name
from gateway.native.json.translate import depth_update, market_trade, published_trade
from gateway.native.json.user_messages import (
    numbered_orders_texts,
    numbered_resumed_text,
    numbered_update_text,
    orders_texts,
    resumed_text,
    update_text,
)
from gateway.native.problems import CLOSE_BASE, ProblemError, close_frame
from gateway.native.summary_streams import SummaryStreams
from gateway.streams.book_channel import BookChannel
from gateway.streams.book_mirror import LevelMirror, OrderMirror
from gateway.streams.channels import Channel, Member
from gateway.streams.depth_channel import DepthChannel
from gateway.streams.serve import OpenChannels, StreamCount, serve_stream
from gateway.streams.shard_channels import Positions, ShardedUserChannels, cursor_positions
from gateway.streams.trades_channel import TradeEncoders, TradesChannel
from gateway.streams.user_channel import UserEncoders
from gateway.streams.user_channels import UserChannels
from protocol.events import Depth, Trade
from protocol.instrument import Instrument
from protocol.market_data import DepthMessage, TradeMessage
from protocol.units import MAX_INTEGER

STREAMS: Final = {
    "/ws/marketdata": PUBLIC,
    "/ws/trades": PUBLIC,
    "/ws/book": PUBLIC,
    "/ws/orders": PUBLIC,
    "/ws/candles": PUBLIC,
    "/ws/ticker": PUBLIC,
    "/ws/user": USER_STREAM,
}
"""Every stream, and what it needs of its caller."""

REVOKED: Final = "The key is good no more."

CLOSING: Final = Closing(close_frame, too_slow=CLOSE_BASE + 408)


def stream_routes(
    exchange: Exchange, broker: MatcherLink, feed: Feed, door: Door | None, count: StreamCount
) -> list[BaseRoute]:
    """The routes of all streams."""
    instruments = exchange.instruments

    def depth(instrument: Instrument) -> DepthChannel:
        return DepthChannel(instrument, broker.of(instrument.symbol), feed, _depth_text, CLOSING)

    def trades(instrument: Instrument) -> TradesChannel:
        return TradesChannel(
            instrument, broker.of(instrument.symbol), feed, TradeEncoders(_trade_text, _published_text), CLOSING
        )

    def levels(instrument: Instrument) -> BookChannel:
        return BookChannel(instrument, broker.of(instrument.symbol), feed, LevelMirror, BOOK, CLOSING)

    def orders(instrument: Instrument) -> BookChannel:
        return BookChannel(instrument, broker.of(instrument.symbol), feed, OrderMirror, ORDERS, CLOSING)

    summaries = SummaryStreams(exchange, broker, feed, count, CLOSING)
    serve = {
        "/ws/marketdata": MarketStreams(broker, instruments, count, depth).serve,
        "/ws/trades": MarketStreams(broker, instruments, count, trades).serve,
        "/ws/book": MarketStreams(broker, instruments, count, levels).serve,
        "/ws/orders": MarketStreams(broker, instruments, count, orders).serve,
        "/ws/candles": summaries.candles,
        "/ws/ticker": summaries.ticker,
        "/ws/user": UserStreams(_accounts(exchange, broker), count, door).serve,
    }
    return [WebSocketRoute(path, serve[path]) for path in STREAMS]


def _accounts(exchange: Exchange, broker: MatcherLink) -> UserChannels | ShardedUserChannels:
    instruments = exchange.instruments
    if not exchange.parts:
        return UserChannels(broker, instruments, UserEncoders(orders_texts, resumed_text, update_text), CLOSING)
    encoders = UserEncoders(numbered_orders_texts, numbered_resumed_text, numbered_update_text)
    pairs = zip(exchange.parts.names, broker.brokers, strict=True)
    return ShardedUserChannels([(name, UserChannels(each, instruments, encoders, CLOSING)) for name, each in pairs])


class MarketStreams(Generic[Member]):
    """The WebSocket of one kind of market data, one symbol each."""

    def __init__(
        self,
        broker: MatcherLink,
        instruments: Instruments,
        count: StreamCount,
        open_channel: Callable[[Instrument], Channel[Member]],
    ) -> None:
        self._instruments = instruments
        self._count = count
        self._open_channel = open_channel
        self._channels: OpenChannels[Channel[Member]] = OpenChannels(broker)

    async def serve(self, websocket: WebSocket) -> None:
        await serve_stream(websocket, self._count, CLOSING, self._stream)

    async def _stream(self, websocket: WebSocket) -> None:
        symbol = required(query_parameters(websocket.scope, "symbol"), "symbol")
        instrument = await self._instruments.find(symbol)
        await self._channels.attend(
            websocket, symbol, lambda: self._open_channel(instrument), lambda channel: channel.new_client()
        )


class UserStreams:
    """The WebSocket of the accounts, one account each."""

    def __init__(self, channels: UserChannels | ShardedUserChannels, count: StreamCount, door: Door | None) -> None:
        self._channels = channels
        self._door = door
        self._count = count

    async def serve(self, websocket: WebSocket) -> None:
        await serve_stream(websocket, self._count, CLOSING, self._stream)

    async def _stream(self, websocket: WebSocket) -> None:
        caller, permit = ANYONE, None
        if self._door is not None:
            caller, permit = await self._door.admit_stream(STREAMS["/ws/user"], websocket.scope, websocket.receive)
        parameters = query_parameters(websocket.scope, "account", "after")
        named = parameters.get("account")
        account = caller.filter(None if named is None else check_name("account", named))
        if account is None:
            account = required(parameters, "account")
        revoked = close_frame(HttpError("unauthorized", REVOKED))
        if isinstance(self._channels, ShardedUserChannels):
            positions = _positions(parameters, self._channels.count)
            await self._channels.attend(websocket, account, positions, permit, revoked)
            return
        after = whole_number(parameters, "after", 0, 0, MAX_INTEGER) if "after" in parameters else None
        await self._channels.attend(websocket, account, after, permit, revoked)


def _positions(parameters: Mapping[str, str], shards: int) -> Positions:
    """What the client knows of each shard, by its cursor."""
    after = parameters.get("after")
    if after is None:
        return [None] * shards
    positions = cursor_positions(after, shards, MAX_INTEGER)
    if positions is None:
        raise ProblemError("invalid_value", "after takes the cursor of a message of this stream.", "after")
    return positions


def _depth_text(depth: Depth | DepthMessage, sequence: int, timestamp: int, instrument: Instrument) -> str:
    return encode(depth_update(depth, sequence, timestamp, instrument)).decode()


def _trade_text(trade: Trade, instrument: Instrument) -> str:
    return encode(market_trade(trade, instrument)).decode()


def _published_text(trade: TradeMessage, instrument: Instrument, fee_decimals: int) -> str:
    return encode(published_trade(trade, instrument, fee_decimals)).decode()
