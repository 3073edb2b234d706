"""What httpx sends requests through, for clients of an exchange in process."""

from collections.abc import Awaitable, Callable

import httpx

from matching_exchange.testing.in_process.asgi import BrokenError, Headers, Response

Respond = Callable[[str, str, Headers, bytes], Awaitable[Response]]
RespondNow = Callable[[str, str, Headers, bytes], Response]

BROKEN = "Server disconnected without sending a response."


class AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        try:
            response = await self._respond(request.method, _target(request), _headers(request), body)
        except BrokenError as error:
            raise httpx.RemoteProtocolError(BROKEN, request=request) from error
        return _response(response)


class SyncTransport(httpx.BaseTransport):
    def __init__(self, respond: RespondNow) -> None:
        self._respond = respond

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        try:
            response = self._respond(request.method, _target(request), _headers(request), body)
        except BrokenError as error:
            raise httpx.RemoteProtocolError(BROKEN, request=request) from error
        return _response(response)


def _target(request: httpx.Request) -> str:
    return request.url.raw_path.decode()


def _headers(request: httpx.Request) -> Headers:
    return [(name.lower(), value) for name, value in request.headers.raw if name.lower() != b"host"]


def _response(response: Response) -> httpx.Response:
    return httpx.Response(response.status, headers=response.headers, content=response.body)
