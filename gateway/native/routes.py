"""The routes of the native dialect: its calls, its OpenAPI document, its streams."""

from collections.abc import Iterable
from functools import partial
from typing import cast

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope

from gateway.access.admin import Administrators, Audited
from gateway.access.door import Door
from gateway.access.needs import ADMIN, LOCAL, PUBLIC, Needs
from gateway.access.readers import Readers
from gateway.exchange.exchange import Exchange
from gateway.http.resources import Handler, Resource
from gateway.http.responses import HttpResponse
from gateway.link.feed import Feed
from gateway.link.matcher_link import MatcherLink
from gateway.metrics.board import Board
from gateway.native.calls import keys as key_calls
from gateway.native.calls.keys import KeyDesk
from gateway.native.openapi import OPENAPI, openapi_handler
from gateway.native.operation import Call, KeyCall, MetricsCall, Operation
from gateway.native.operations import OPERATIONS
from gateway.native.problems import problem_response
from gateway.native.streams import stream_routes
from gateway.streams.serve import StreamCount


class Access:
    """door: None where no key is asked for. readers, board: of the metrics."""

    def __init__(
        self, door: Door | None, administrators: Administrators, desk: KeyDesk, readers: Readers, board: Board
    ) -> None:
        self.door = door
        self.administrators = administrators
        self.desk = desk
        self.readers = readers
        self.board = board


def native_routes(
    exchange: Exchange,
    broker: MatcherLink,
    feed: Feed,
    access: Access,
    count: StreamCount,
    root_path: str = "",
) -> list[BaseRoute]:
    """All routes. count: of the worker's open streams, also those of other doors. root_path: below which clients find
    them; the document tells it."""
    calls: dict[str, dict[str, Handler]] = {}
    guards: dict[str, Needs] = {}
    for operation in OPERATIONS:
        calls.setdefault(operation.path, {})[operation.method.upper()] = _handler(operation, exchange, access)
        if operation.needs in (ADMIN, LOCAL):
            guards[operation.path] = operation.needs
    return [
        *(Route(path, _resource(path, calls[path], access, guards.get(path))) for path in _sorted(calls)),
        Route(OPENAPI, Resource({"GET": openapi_handler(root_path)}, problem_response, route=OPENAPI)),
        *stream_routes(exchange, broker, feed, access.door, count),
    ]


def _resource(path: str, handlers: dict[str, Handler], access: Access, needs: Needs | None) -> ASGIApp:
    if needs is LOCAL:
        return Resource(handlers, problem_response, access.readers.guard, path)
    if needs is None:
        return Resource(handlers, problem_response, route=path)
    return Audited(Resource(handlers, problem_response, access.administrators.guard, path))


def _handler(operation: Operation, exchange: Exchange, access: Access) -> Handler:
    """What answers the call, for whoever may make it."""
    if operation.call.__module__ == key_calls.__name__:
        return partial(cast("KeyCall", operation.call), access.desk)
    if operation.needs is LOCAL:
        return partial(cast("MetricsCall", operation.call), access.board)
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
