"""One HTTP path and its methods: the frame around every handler.

A handler takes the ASGI scope and receive function and returns a Reply; what it raises as a ProblemError, or as a
failure of the link to the matcher, becomes a problem document. There is nothing else between the server and a handler,
since POST /orders is the path that has to be fast.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.link.broker import MatcherUnavailableError, OutcomeUnknownError
from gateway.native.problems import MAX_BODY_BYTES, ProblemError, encode_problem, unanswered

Header = tuple[bytes, bytes]
Handler = Callable[[Scope, Receive], Awaitable["Reply"]]
Guard = Callable[[Scope], None]

NO_SNIFF: Final[Header] = (b"x-content-type-options", b"nosniff")
NO_STORE: Final[Header] = (b"cache-control", b"no-store")
JSON: Final[Header] = (b"content-type", b"application/json")
PROBLEM_JSON: Final[Header] = (b"content-type", b"application/problem+json")

encode = msgspec.json.Encoder().encode


class ClientGoneError(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


class Reply:
    """A whole response."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, *headers: Header) -> None:
        self.status = status
        self.body = body
        self.headers = [*headers, NO_SNIFF, (b"content-length", b"%d" % len(body))]

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def json_reply(value: Any) -> Reply:
    """What a read answers: the state of this moment, so no cache keeps it."""
    return Reply(200, encode(value), JSON, NO_STORE)


def problem_reply(problem: ProblemError, headers: Mapping[str, str] | None = None) -> Reply:
    extra = [(name.encode(), text.encode()) for name, text in {**problem.headers(), **(headers or {})}.items()]
    return Reply(problem.status, encode_problem(problem.document()), PROBLEM_JSON, *extra)


def problem_app(problem: ProblemError, headers: Mapping[str, str] | None = None) -> ASGIApp:
    """An application that answers every request with the problem."""

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        await problem_reply(problem, headers).send(send)

    return answer


class Resource:
    """The ASGI application of one path. `guard` is asked first, whatever the method, and raises the ProblemError that
    ends the call."""

    def __init__(self, handlers: Mapping[str, Handler], guard: Guard | None = None) -> None:
        self.handlers = dict(handlers)
        if "GET" in handlers:
            self.handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join(sorted(self.handlers))
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._guard is not None:
                self._guard(scope)
            handler = self.handlers.get(scope["method"])
            if handler is None:
                reply = problem_reply(ProblemError("method_not_allowed"), {"allow": self._allow})
            else:
                reply = await handler(scope, receive)
        except ProblemError as problem:
            reply = problem_reply(problem)
        except (MatcherUnavailableError, OutcomeUnknownError) as failure:
            reply = problem_reply(unanswered(failure))
        except ClientGoneError:
            return
        await reply.send(send)


async def read_body(receive: Receive) -> bytes:
    """The whole body; ProblemError where it is larger than MAX_BODY_BYTES, whatever its headers say."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if len(body) > MAX_BODY_BYTES:
            raise ProblemError("body_too_large")
        return body
    chunks = bytearray(body)
    while len(chunks) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunks += message.get("body", b"")
        if not message.get("more_body"):
            break
    if len(chunks) > MAX_BODY_BYTES:
        raise ProblemError("body_too_large")
    return bytes(chunks)


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a request's header; the name in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def query_parameters(scope: Scope, *allowed: str) -> dict[str, str]:
    """The parameters of the query string; ProblemError for one that is not allowed, or is there twice."""
    parameters: dict[str, str] = {}
    if not scope["query_string"]:
        return parameters
    for name, text in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in allowed:
            raise ProblemError("unknown_field", f"The call takes {_listed(allowed)}.", name)
        if name in parameters:
            raise ProblemError("invalid_value", f"{name} takes one value.", name)
        parameters[name] = text
    return parameters


def required(parameters: Mapping[str, str], name: str) -> str:
    text = parameters.get(name)
    if text is None:
        raise ProblemError("missing_field", f"The call needs {name}.", name)
    return text


def whole_number(parameters: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    """The parameter as an integer from lowest to highest."""
    text = parameters.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and lowest <= int(text) <= highest):
        raise ProblemError("invalid_value", f"{name} takes a whole number from {lowest} to {highest}.", name)
    return int(text)


def _listed(names: tuple[str, ...]) -> str:
    return "no query parameters" if not names else "the query parameters " + ", ".join(names)
