"""The routes of the native dialect: its calls, its OpenAPI document, its streams."""

from collections.abc import Iterable
from functools import partial

from starlette.routing import BaseRoute, Route

from gateway.exchange.exchange import Exchange
from gateway.http.resources import Guard, Handler, Resource
from gateway.link.broker import Broker
from gateway.link.feed import MarketDataFeed
from gateway.native.openapi import openapi_handler
from gateway.native.operations import OPERATIONS
from gateway.native.problems import problem_response
from gateway.native.streams import stream_routes


def native_routes(exchange: Exchange, broker: Broker, feed: MarketDataFeed, guard: Guard | None) -> list[BaseRoute]:
    """All routes. `guard` is asked before the calls of the administrator."""
    calls: dict[str, dict[str, Handler]] = {}
    guarded: set[str] = set()
    for operation in OPERATIONS:
        calls.setdefault(operation.path, {})[operation.method.upper()] = partial(operation.call, exchange)
        if operation.admin:
            guarded.add(operation.path)
    return [
        *(
            Route(path, Resource(calls[path], problem_response, guard if path in guarded else None))
            for path in _sorted(calls)
        ),
        Route("/openapi.json", Resource({"GET": openapi_handler()}, problem_response)),
        *stream_routes(exchange.instruments, broker, feed),
    ]


def _sorted(paths: Iterable[str]) -> list[str]:
    """The paths with a parameter after their neighbours: the parameter would match any word of those."""
    first_words = list(dict.fromkeys(path.split("/")[1] for path in paths))
    return sorted(paths, key=lambda path: (first_words.index(path.split("/")[1]), "{" in path))
