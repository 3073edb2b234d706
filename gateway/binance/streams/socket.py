"""One socket of market data: which streams it reads, and what it may ask to change that."""

import asyncio
import re
from typing import Any, Final

import msgspec
from msgspec import MsgspecError
from starlette.websockets import WebSocket

from gateway.binance.desk import Desk
from gateway.binance.sockets.client import packet, wrapped
from gateway.binance.sockets.serving import CLOSING, serve_socket
from gateway.binance.streams.channel import Reader, StreamChannel, StreamClient
from gateway.binance.streams.hub import Hub
from gateway.binance.streams.listening import Listening
from gateway.binance.users.accounts import Accounts
from gateway.http.responses import encode

MAX_STREAMS: Final = 1024
"""Streams that one socket reads at most."""

MAX_ID: Final = 36
"""Characters of a request's id."""

BAD_REQUEST: Final = 2
BAD_JSON: Final = 3
"""The codes of errors."""

COMBINED: Final = "combined"

SHUTDOWN: Final = "!serverShutdown"


LISTEN_KEY: Final = re.compile("[A-Za-z0-9]{60}")

Prepared = StreamChannel | Listening | None
Read = tuple[StreamChannel, Reader] | Listening | None


class RequestError(Exception):
    """A request is at fault."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StreamSocket:
    """One for each socket. `_read` is what it reads, by name; None for a name that no stream has."""

    def __init__(self, hub: Hub, desk: Desk, accounts: Accounts, client: StreamClient) -> None:
        self._hub = hub
        self._desk = desk
        self._broker = desk.broker
        self._accounts = accounts
        self._client = client
        self._read: dict[str, Read] = {}

    async def serve(self, websocket: WebSocket, names: list[str]) -> None:
        """Serve the socket, which reads these streams from its beginning. Fails as the link."""
        self._enter(await self._prepare(names[:MAX_STREAMS]))
        try:
            await serve_socket(websocket, self._client, self._hear, self._farewell)
        finally:
            self._leave(list(self._read))

    def _farewell(self) -> bytes:
        payload = encode({"e": "serverShutdown", "E": self._broker.now() // self._client.unit})
        return wrapped(SHUTDOWN, payload) if self._client.combined else payload

    async def _hear(self, text: str) -> None:
        told: Any = None
        try:
            request = _read_request(text)
            told = request.get("id")
            _check_id(told)
            await self._do(request, told)
        except RequestError as error:
            known = told if told is None or isinstance(told, int | str) else None
            self._say({"error": {"code": error.code, "msg": error.message}, "id": known})

    async def _do(self, request: dict[str, Any], told: Any) -> None:
        params = request.get("params", [])
        if not isinstance(params, list):
            raise _bad("params takes an array")
        match request.get("method"):
            case "SUBSCRIBE":
                names = _names(params)
                new = [name for name in names if name not in self._read]
                if len(self._read) + len(new) > MAX_STREAMS:
                    raise _bad(f"a connection takes at most {MAX_STREAMS} streams")
                try:
                    prepared = await self._prepare(new)
                except Exception as error:
                    frame = CLOSING.error(error)
                    if frame is None:
                        raise
                    self._client.end(frame)
                    return
                # The answer comes before the first event.
                self._say({"result": None, "id": told})
                self._enter(prepared)
            case "UNSUBSCRIBE":
                self._leave(_names(params))
                self._say({"result": None, "id": told})
            case "LIST_SUBSCRIPTIONS":
                self._say({"result": list(self._read), "id": told})
            case "GET_PROPERTY":
                if params != [COMBINED]:
                    raise _bad('GET_PROPERTY takes ["combined"]')
                self._say({"result": self._client.combined, "id": told})
            case "SET_PROPERTY":
                if len(params) != 2 or params[0] != COMBINED or not isinstance(params[1], bool):
                    raise _bad('SET_PROPERTY takes ["combined", true or false]')
                self._client.combined = params[1]
                self._say({"result": None, "id": told})
            case _:
                raise _bad("method takes SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, GET_PROPERTY or SET_PROPERTY")

    def _say(self, answer: dict[str, Any]) -> None:
        self._client.offer(packet(encode(answer)))

    async def _prepare(self, names: list[str]) -> dict[str, Prepared]:
        """The streams of these names, begun. Fails as the link; then none is held."""
        found = await asyncio.gather(*map(self._prepare_one, names), return_exceptions=True)
        failed = [each for each in found if isinstance(each, BaseException)]
        prepared = [None if isinstance(each, BaseException) else each for each in found]
        if failed:
            for each in prepared:
                if isinstance(each, Listening):
                    each.leave()
                elif each is not None:
                    self._hub.release(each)
            raise failed[0]
        return dict(zip(names, prepared, strict=True))

    async def _prepare_one(self, name: str) -> Prepared:
        listen_keys = self._desk.listen_keys
        if listen_keys is None or not LISTEN_KEY.fullmatch(name):
            return await self._hub.prepare(name)
        listening = Listening(name, self._client, self._broker)
        good = await listening.prepare(self._accounts, self._desk.keys, listen_keys)
        return listening if good else None

    def _enter(self, prepared: dict[str, Prepared]) -> None:
        for name, channel in prepared.items():
            if channel is None:
                self._read[name] = None
                continue
            if isinstance(channel, Listening):
                self._read[name] = channel
                channel.enter()
                continue
            reader = Reader(self._client, name)
            self._read[name] = channel, reader
            self._hub.enter(channel, reader)

    def _leave(self, names: list[str]) -> None:
        for name in names:
            found = self._read.pop(name, None)
            self._client.forget_state(name)
            if isinstance(found, Listening):
                found.leave()
            elif found is not None:
                self._hub.leave(*found)


def _read_request(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (MsgspecError, UnicodeEncodeError) as error:
        raise RequestError(BAD_JSON, f"Invalid JSON: {error}") from error
    if not isinstance(found, dict):
        raise _bad("a request is an object")
    return found


def _check_id(told: Any) -> None:
    whole = isinstance(told, int) and not isinstance(told, bool)
    if not (told is None or whole or (isinstance(told, str) and len(told) <= MAX_ID)):
        raise _bad(f"id takes an integer, a string of at most {MAX_ID} characters or null")


def _names(params: list[Any]) -> list[str]:
    """The names, each once."""
    if not all(isinstance(name, str) for name in params):
        raise _bad("params takes the names of streams")
    return list(dict.fromkeys(params))


def _bad(message: str) -> RequestError:
    return RequestError(BAD_REQUEST, f"Invalid request: {message}")
