"""The routes of the native dialect: its calls, its OpenAPI document, its streams."""

from collections.abc import Iterable
from functools import partial
from typing import cast

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope

from gateway.access.admin import Administrators, Audited
from gateway.access.door import Door
from gateway.access.needs import ADMIN, PUBLIC, Needs
from gateway.exchange.exchange import Exchange
from gateway.http.resources import Handler, Resource
from gateway.http.responses import HttpResponse
from gateway.link.broker import Broker
from gateway.link.feed import MarketDataFeed
from gateway.native.calls import keys as key_calls
from gateway.native.calls.keys import KeyDesk
from gateway.native.openapi import openapi_handler
from gateway.native.operation import Call, KeyCall, Operation
from gateway.native.operations import OPERATIONS
from gateway.native.problems import problem_response
from gateway.native.streams import stream_routes
from gateway.streams.serve import StreamCount


class Access:
    """door: None where no key is asked for."""

    def __init__(self, door: Door | None, administrators: Administrators, desk: KeyDesk) -> None:
        self.door = door
        self.administrators = administrators
        self.desk = desk


def native_routes(
<<<<<<< HEAD
    exchange: Exchange, broker: Broker, feed: MarketDataFeed, access: Access, root_path: str = ""
) -> list[BaseRoute]:
    """All routes. root_path: below which clients find them; the document tells it."""
=======
    exchange: Exchange, broker: Broker, feed: MarketDataFeed, access: Access, count: StreamCount
) -> list[BaseRoute]:
    """All routes. count: of the worker's open streams, also those of other doors."""
>>>>>>> s15-rest
    calls: dict[str, dict[str, Handler]] = {}
    guarded: set[str] = set()
    for operation in OPERATIONS:
        calls.setdefault(operation.path, {})[operation.method.upper()] = _handler(operation, exchange, access)
        if operation.needs is ADMIN:
            guarded.add(operation.path)
    return [
        *(Route(path, _resource(calls[path], access, guarded=path in guarded)) for path in _sorted(calls)),
<<<<<<< HEAD
        Route("/openapi.json", Resource({"GET": openapi_handler(root_path)}, problem_response)),
        *stream_routes(exchange, broker, feed, access.door),
=======
        Route("/openapi.json", Resource({"GET": openapi_handler()}, problem_response)),
        *stream_routes(exchange, broker, feed, access.door, count),
>>>>>>> s15-rest
    ]


def _resource(handlers: dict[str, Handler], access: Access, *, guarded: bool) -> ASGIApp:
    if not guarded:
        return Resource(handlers, problem_response)
    return Audited(Resource(handlers, problem_response, access.administrators.guard))


def _handler(operation: Operation, exchange: Exchange, access: Access) -> Handler:
    """What answers the call, for whoever may make it."""
    if operation.call.__module__ == key_calls.__name__:
        return partial(cast("KeyCall", operation.call), access.desk)
    call = cast("Call", operation.call)
    if access.door is None or operation.needs in (PUBLIC, ADMIN):
        return partial(call, exchange)
    return partial(_let_in, access.door, operation.needs, call, exchange)


async def _let_in(
    door: Door, needs: Needs, call: Call, exchange: Exchange, scope: Scope, receive: Receive
) -> HttpResponse:
    """Answer the call of a caller who proves that he holds a key."""
    caller, _, receive = await door.admit(needs, scope, receive)
    return await call(exchange.on_behalf(caller.confirm, caller.deadline), scope, receive)


def _sorted(paths: Iterable[str]) -> list[str]:
    """The paths with a parameter after their neighbours: the parameter would match any word of those."""
    first_words = list(dict.fromkeys(path.split("/")[1] for path in paths))
    return sorted(paths, key=lambda path: (first_words.index(path.split("/")[1]), "{" in path))
