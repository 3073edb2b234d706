"""Wires one worker: its connections to the matcher, the use cases on top of them, and the doors to these."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.access.admin import Administrators
from gateway.access.door import Door
from gateway.access.keys import KeyStore
from gateway.access.readers import Readers
from gateway.access.request_log import RequestLog
from gateway.access.server_key import ServerKey
from gateway.binance.counts import Counts
from gateway.binance.desk import Desk
from gateway.binance.errors import INTERNAL, DialectError
from gateway.binance.gate import Gate
from gateway.binance.listen_keys import ListenKeys
from gateway.binance.rest import error_response
from gateway.binance.routes import binance_routes, is_ours
from gateway.binance.symbols import Symbols
from gateway.binance.words import PREVENTION_OF
from gateway.config import ALLOW, KEYS, ON, GatewayConfig, all_tokens
from gateway.exchange.exchange import Exchange
from gateway.exchange.past import PastMarket
from gateway.exchange.recent import RecentMarket
from gateway.exchange.shards.healing import Healing
from gateway.faults import answer_error
from gateway.http.closing import deny_stream
from gateway.http.counting import HttpCounts
from gateway.http.errors import HttpError
from gateway.http.responses import HttpResponse
from gateway.http.security import AllowedHosts, CallerCheck
from gateway.http.tallies import Tallies
from gateway.injected.faults import InjectedFaults
from gateway.link.broker import Broker
from gateway.link.demo import DemoMarket
from gateway.link.feed import Feed, MarketDataFeed
from gateway.link.instruments import Instruments
from gateway.link.key_copies import KeyCopies
from gateway.link.matcher_link import MatcherLink
from gateway.link.nodes import NodesBroker
from gateway.link.sharded import ShardedLink
from gateway.link.sharded_feed import ShardedFeed
from gateway.link.tables import HistoryTables
from gateway.metrics.board import Board
from gateway.metrics.slots import Slots
from gateway.native.calls.keys import KeyDesk
from gateway.native.problems import http_close_frame, http_error_response
from gateway.native.routes import Access, native_routes
from gateway.pages import page_routes
from gateway.shard_parts import parts_of
from gateway.streams.serve import StreamCount
from gateway.striking.http import Striking
from history.reading.database import Tables
from protocol.bases import base_endpoints
from protocol.curve import ClientKeys
from protocol.shards import ShardMap

EXPOSED_HEADERS: Final = (
    "Retry-After",
    "X-MBX-USED-WEIGHT",
    "X-MBX-USED-WEIGHT-1M",
    "X-MBX-ORDER-COUNT-10S",
    "X-MBX-ORDER-COUNT-1D",
)
"""What pages of other origins may read."""

CODES_BY_STATUS: Mapping[int, str] = {404: "not_found", 405: "method_not_allowed"}
"""The errors that the router finds by itself."""


class Shared(Struct, frozen=True):
    """What the worker shares with the connections of its server, or with other workers.

    tallies: what the dialects count. counts: what the connections have counted. slots: where workers tell that.
    faults: those that are injected, where they are allowed.
    """

    tallies: Tallies
    counts: HttpCounts
    slots: Slots
    faults: InjectedFaults


def create_app(config: GatewayConfig, shared: Shared) -> FastAPI:
    """The application of one worker."""
    keys = ClientKeys(config.curve_server, config.curve_secret, config.curve_market_data)
    used = keys if config.curve_server else None
    deadline = config.deadline / 1000
    if config.shards is not None:
        return wire(config, *_of_shards(config.shards, deadline, used), shared)
    if config.matchers:
        return wire(config, *_of_nodes(config.matchers, deadline, used), shared)
    broker = Broker(config.commands, config.reports, deadline, used)
    return wire(config, broker, MarketDataFeed(config.market_data, used), shared)


def _of_nodes(
    addresses: Sequence[str], deadline: float, keys: ClientKeys | None, shard: str = "", shards_hash: str = ""
) -> tuple[NodesBroker, MarketDataFeed]:
    """The link to the nodes at these base addresses, of which one leads, and their market data."""
    nodes = {address: base_endpoints(address) for address in addresses}
    first, *standbys = (node.market_data for node in nodes.values())
    return NodesBroker(nodes, deadline, keys, shard, shards_hash), MarketDataFeed(first, keys, standbys)


def _of_shards(shard_map: ShardMap, deadline: float, keys: ClientKeys | None) -> tuple[ShardedLink, ShardedFeed]:
    """The link to the matchers of all shards, and their market data."""
    groups = [_of_nodes(shard.matchers, deadline, keys, shard.name, shard_map.hash) for shard in shard_map.shards]
    brokers, feeds = zip(*groups, strict=True)
    return ShardedLink(shard_map, brokers), ShardedFeed(shard_map, feeds)


def wire(config: GatewayConfig, broker: MatcherLink, feed: Feed, shared: Shared | None = None) -> FastAPI:
    """The application on top of these connections. Without `shared`, it is alone."""
    shared = shared or Shared(Tallies(), HttpCounts(), Slots(1), InjectedFaults())
    server_key = ServerKey(config.key_file)
    parts = parts_of(config, broker)
    copies = KeyCopies([part.link for part in parts], parts.names) if parts else None
    keys = KeyStore(broker, server_key, copies=copies)
    door = Door(broker, keys, server_key) if config.auth == KEYS else None
    instruments = Instruments(broker)
    faults = shared.faults if config.faults == ALLOW else None
    database = None if parts else config.history
    tables = HistoryTables(None if database is None else Tables(database), lambda: broker.journal)
    exchange = Exchange(
        broker,
        instruments,
        config.faucet,
        tables=tables,
        asks_for_keys=door is not None,
        demo=DemoMarket(config.data_dir),
        faults=faults,
        parts=parts,
        groups=broker.groups,
    )
    healing = None if copies is None else Healing(parts, instruments, copies, broker.on_open)
    desk: Desk | None = None
    past: PastMarket | None = None
    if config.binance == ON:
        past = PastMarket(exchange.history, RecentMarket(broker, feed, instruments), broker)
        desk = Desk(
            exchange,
            Symbols(instruments),
            Gate(keys, server_key, broker.now),
            keys,
            Counts(shared.tallies, enforced=config.binance_limits == ON),
            broker,
            feed,
            past,
            PREVENTION_OF[config.binance_self_trade_prevention],
            ListenKeys(keys, server_key) if config.binance_listen_keys == ON else None,
        )
    administrators = Administrators(all_tokens(config))
    readers = Readers(config.metrics_access, administrators, has_tokens=bool(all_tokens(config)))
    board = Board(broker, shared.counts, shared.slots, config.history_metrics)
    access = Access(door, administrators, KeyDesk(keys, server_key, exchange.money), readers, board)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await broker.start()
        await feed.start()
        if door is not None or desk is not None:
            # A client of the Binance dialect always has a key.
            keys.start()
        board.start()
        if healing is not None:
            healing.start()
        yield
        if healing is not None:
            healing.stop()
        board.stop()
        if past is not None:
            past.stop()
        keys.stop()
        await feed.stop()
        await broker.stop()
        for each in (tables, *(part.tables for part in parts)):
            await each.close()

    caller_check = Middleware(
        CallerCheck,
        hosts=AllowedHosts(config),
        origins=config.cors_origins,
        answer_error=answer_error(binance=desk is not None),
        close_frame=http_close_frame,
    )
    middleware = [caller_check]
    if faults is not None:
        middleware.append(Middleware(Striking, faults=faults, account_of=keys.account_of, now=broker.now))
    if config.cors_origins:
        methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
        headers = ("Authorization", "Content-Type", "X-MBX-APIKEY", "X-MBX-TIME-UNIT")
        cors = Middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_methods=methods,
            allow_headers=headers,
            expose_headers=EXPOSED_HEADERS,
        )
        middleware.insert(0, cors)
    if config.request_log == ON:
        middleware.insert(0, Middleware(RequestLog))
    return FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Even to find that it is not configured would cost each request a sixth of its time in this application.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        routes=_routes(exchange, broker, feed, access, desk, config.root_path),
        middleware=middleware,
        exception_handlers={HTTPException: _router_error, Exception: _internal_error},
    )


def _routes(
    exchange: Exchange, broker: MatcherLink, feed: Feed, access: Access, desk: Desk | None, root_path: str
) -> list[BaseRoute]:
    """What each door serves, then what no door knows, then the pages."""
    count = StreamCount()
    return [
        *(() if desk is None else binance_routes(desk, count)),
        *native_routes(exchange, broker, feed, access, count, root_path),
        WebSocketRoute("/{path:path}", _no_stream),
        *page_routes(http_error_response),
    ]


async def _no_stream(websocket: WebSocket) -> None:
    await deny_stream(websocket.send, http_error_response(HttpError("not_found")))


async def _router_error(_: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(HttpError(CODES_BY_STATUS.get(error.status_code, "internal_error"), headers=error.headers or {}))


async def _internal_error(connection: HTTPConnection, __: Exception) -> Response:
    # The server logs the exception with its traceback: it is raised again after this answer.
    if is_ours(connection.scope["path"]):
        return _plain(error_response(DialectError(INTERNAL)))
    return _response(HttpError("internal_error"))


def _response(error: HttpError) -> Response:
    return _plain(http_error_response(error))


def _plain(response: HttpResponse) -> Response:
    return Response(response.body, response.status, {name.decode(): value.decode() for name, value in response.headers})
