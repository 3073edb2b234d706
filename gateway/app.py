"""Wires one worker: its connections to the matcher, the routes on top of them, and what stands around the routes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.config import GatewayConfig
from gateway.http.resources import Handler, Resource, problem_reply
from gateway.http.security import AllowedHosts, CallerCheck
from gateway.link.broker import Broker
from gateway.link.feed import MarketDataFeed
from gateway.link.instruments import Instruments
from gateway.native.calls.accounts import Accounts
from gateway.native.calls.admin import Admin, token_guard
from gateway.native.calls.amends import Amends
from gateway.native.calls.batches import Batches
from gateway.native.calls.fills import Fills
from gateway.native.calls.health import HealthCheck
from gateway.native.calls.market import Market
from gateway.native.calls.oco import Ocos
from gateway.native.calls.orders import Orders
from gateway.native.openapi import openapi_handler
from gateway.native.problems import ProblemError
from gateway.pages import page_routes
from gateway.streams.channels import DepthChannel, TradesChannel
from gateway.streams.endings import deny_stream
from gateway.streams.serve import StreamCount, Streams
from gateway.streams.user_streams import UserStreams

CODES_BY_STATUS: Mapping[int, str] = {404: "not_found", 405: "method_not_allowed"}
"""The problems that the router finds by itself."""


def create_app(config: GatewayConfig) -> FastAPI:
    """The application of one worker."""
    return wire(
        config, Broker(config.commands, config.reports, config.deadline / 1000), MarketDataFeed(config.market_data)
    )


def wire(config: GatewayConfig, broker: Broker, feed: MarketDataFeed) -> FastAPI:
    """The application on top of these connections."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await broker.start()
        await feed.start()
        yield
        await feed.stop()
        await broker.stop()

    middleware = [Middleware(CallerCheck, hosts=AllowedHosts(config), origins=config.cors_origins)]
    if config.cors_origins:
        methods = ("GET", "POST", "PATCH", "DELETE")
        headers = ("Authorization", "Content-Type")
        cors = Middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_methods=methods,
            allow_headers=headers,
            expose_headers=("Retry-After",),
        )
        middleware.insert(0, cors)
    return FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Even to find that it is not configured would cost each request a sixth of its time in this application.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        routes=_routes(config, broker, feed),
        middleware=middleware,
        exception_handlers={HTTPException: _router_problem, Exception: _internal_error},
    )


def _routes(config: GatewayConfig, broker: Broker, feed: MarketDataFeed) -> list[BaseRoute]:
    instruments = Instruments(broker)
    orders = Orders(broker, instruments)
    amends = Amends(broker, instruments)
    ocos = Ocos(broker, instruments)
    batches = Batches(broker, instruments)
    accounts = Accounts(broker, instruments)
    fills = Fills(broker, instruments)
    market = Market(broker, instruments)
    admin = Admin(broker, instruments)
    guard = token_guard(config.admin_token) if config.admin_token else None
    count = StreamCount()
    depth = Streams(broker, instruments, count, lambda instrument: DepthChannel(instrument, broker, feed))
    trades = Streams(broker, instruments, count, lambda instrument: TradesChannel(instrument, broker, feed))
    user_streams = UserStreams(broker, instruments, count)

    def resource(path: str, **handlers: Handler) -> Route:
        return Route(path, Resource(handlers, guard if path.startswith("/admin/") else None))

    return [
        resource("/orders", POST=orders.place, GET=orders.list, DELETE=orders.cancel_all),
        resource("/orders/oco", POST=ocos.place),
        resource("/orders/batch", POST=batches.place),
        resource("/orders/cancel-batch", POST=batches.cancel),
        resource("/orders/{order_id}", GET=orders.look_up, PATCH=amends.amend, DELETE=orders.cancel),
        resource("/fills", GET=fills.list),
        resource("/accounts/{account}/cancel-after", POST=accounts.cancel_after),
        resource("/depth", GET=market.depth),
        resource("/bbo", GET=market.best_prices),
        resource("/trades", GET=market.trades),
        resource("/instruments", GET=market.instruments),
        resource("/health", GET=HealthCheck(broker).check),
        resource("/admin/instruments", POST=admin.set_instrument),
        resource("/admin/save", POST=admin.save),
        resource("/admin/load", POST=admin.load),
        resource("/admin/accounts/{account}/suspend", POST=accounts.suspend),
        resource("/admin/accounts/{account}/resume", POST=accounts.resume),
        resource("/admin/digest", GET=admin.digest),
        resource("/openapi.json", GET=openapi_handler()),
        WebSocketRoute("/ws/marketdata", depth.serve),
        WebSocketRoute("/ws/trades", trades.serve),
        WebSocketRoute("/ws/user", user_streams.serve),
        WebSocketRoute("/{path:path}", _no_stream),
        *page_routes(),
    ]


async def _no_stream(websocket: WebSocket) -> None:
    await deny_stream(websocket.send, ProblemError("not_found"))


async def _router_problem(_: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(ProblemError(CODES_BY_STATUS.get(error.status_code, "internal_error")), error.headers)


async def _internal_error(_: HTTPConnection, __: Exception) -> Response:
    # The server logs the exception with its traceback: it is raised again after this answer.
    return _response(ProblemError("internal_error"), None)


def _response(problem: ProblemError, headers: Mapping[str, str] | None) -> Response:
    reply = problem_reply(problem, headers)
    return Response(reply.body, reply.status, {name.decode(): value.decode() for name, value in reply.headers})
