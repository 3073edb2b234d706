"""One HTTP path and its methods: the frame around every handler.

A handler takes the ASGI scope and receive function, and returns an HttpResponse. It raises what ends a call early.
Nothing else stands between the server and a handler, because POST /orders has to be fast.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from gateway.http.bounds import MAX_BODY_BYTES
from gateway.http.counting import ROUTE, UNKNOWN
from gateway.http.errors import HttpError
from gateway.http.responses import HttpResponse

Handler = Callable[[Scope, Receive], Awaitable[HttpResponse]]
Guard = Callable[[Scope], None]
Render = Callable[[Exception], HttpResponse | None]
"""How a dialect tells the error of a call. None for an unknown error: the gateway has failed."""


class ClientGoneError(Exception):
    """The client went away before its request was complete. No answer is needed."""


class Resource:
    """The ASGI application of one path.

    `guard` is asked first, for every method; it raises what ends the call. `render` makes the answer to an error.
    `route` is what the path counts as.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], render: Render, guard: Guard | None = None, route: str = UNKNOWN
    ) -> None:
        self.handlers = dict(handlers)
        if "GET" in handlers:
            self.handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join(sorted(self.handlers))
        self._render = render
        self._guard = guard
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = self._route
        try:
            if self._guard is not None:
                self._guard(scope)
            handler = self.handlers.get(scope["method"])
            if handler is None:
                raise HttpError("method_not_allowed", headers={"allow": self._allow})
            response = await handler(scope, receive)
        except ClientGoneError:
            return
        except Exception as error:
            rendered = self._render(error)
            if rendered is None:
                raise
            response = rendered
        await response.send(send)


async def read_body(receive: Receive) -> bytes:
    """The whole body. HttpError above MAX_BODY_BYTES, whatever the headers say."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if len(body) > MAX_BODY_BYTES:
            raise HttpError("body_too_large")
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
        raise HttpError("body_too_large")
    return bytes(chunks)


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header that tells who calls; the name in lower case.

    HttpError where it stands twice: who has passed the request on may have looked at the other one.
    """
    values = [bytes(value) for key, value in scope["headers"] if key == name]
    if len(values) > 1:
        raise HttpError("unauthorized", f"The call takes one header {name.decode().title()}.")
    return values[0] if values else None
