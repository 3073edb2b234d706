"""Carries out the faults of a WebSocket: of its opening, of each message that it sends, and of each request of the
WebSocket API.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import MsgspecError, Raw, Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.binance.doors import API_PATH, read_path
from gateway.binance.errors import DialectError
from gateway.binance.sockets.serving import CLOSING
from gateway.binance.times import MILLISECOND
from gateway.binance.wsapi.requests import NO_ID, Read, error_answer, read_request
from gateway.http.closing import CloseFrame, refuse_stream
from gateway.http.errors import HttpError
from gateway.injected.faults import InjectedFaults
from gateway.injected.rule import Called, Fault, Kind, Moment, Strike, delay_of, last_of
from gateway.native.problems import http_close_frame
from gateway.striking.answers import dialect_error, refusal_of
from gateway.striking.called import AccountOf
from gateway.striking.line import Later, line
from protocol.units import DEFAULT_ACCOUNT

REASON: Final = "an injected fault"

LOG_ON: Final = "session.logon"
LOG_OUT: Final = "session.logout"


class _Answered(Struct):
    """What of an answer tells its request."""

    id: Raw = Raw(NO_ID)


_decode_answer: Final = msgspec.json.Decoder(_Answered).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


class StruckSocket:
    """One WebSocket. called: its opening. connection: its ASGI scope and functions. now: the exchange's
    time, in nanoseconds."""

    def __init__(
        self,
        faults: InjectedFaults,
        called: Called,
        connection: tuple[Scope, Receive, Send],
        account_of: AccountOf,
        now: Callable[[], int],
    ) -> None:
        self._faults = faults
        self._opening = called
        self._message = Called(Kind.MESSAGE, called.name, called.accounts, called.key)
        self._scope, self._receive, self._send = connection
        self._account_of = account_of
        self._now = now
        self._later = Later(self._send)
        self._is_api = self._scope["path"] == API_PATH
        # What strikes the answers to requests that were passed on, by their ids.
        self._struck: dict[bytes, list[Strike]] = {}
        self._logged_on: str | None = None
        self._ended = False

    async def serve(self, app: ASGIApp) -> None:
        """Serve it to its end, or refuse it."""
        strike = last_of(self._faults.strike(self._opening))
        if strike is None:
            try:
                await app(self._scope, self.receive, self.send)
            finally:
                await self._later.drain()
        elif strike.rule.fault is Fault.DISCONNECT:
            line(self._scope).abort()
        else:
            await refuse_stream(
                WebSocket(self._scope, self._receive, self._send), self._close_frame(refusal_of(strike))
            )

    def _close_frame(self, error: HttpError) -> CloseFrame:
        """How the stream's dialect tells it."""
        if self._is_api or read_path(self._scope["path"], self._scope["query_string"]) is not None:
            frame = CLOSING.error(error)
            assert frame is not None, "it is an error of HTTP"
            return frame
        return http_close_frame(error)

    # What the peer sends

    async def receive(self) -> Message:
        """The next message that the application is to see."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive" or not self._is_api or not self._faults:
                return message
            try:
                request = read_request(message.get("text") or "")
            except DialectError:
                return message
            if not await self._is_refused(request):
                return message

    async def _is_refused(self, request: Read) -> bool:
        """Let what strikes a request happen; whether nobody else sees the request."""
        strikes = list(self._faults.strike(self._called(request)))
        await asyncio.sleep(delay_of(strikes, Moment.BEFORE))
        last = last_of(strikes)
        if last is None or last.rule.moment is not Moment.BEFORE:
            if last is not None or delay_of(strikes, Moment.AFTER):
                self._struck[request.id] = strikes
            return False
        if last.rule.fault is Fault.DISCONNECT:
            self._break()
        else:
            await self._later.send(self._error(request.id, last), 0.0)
        return True

    def _called(self, request: Read) -> Called:
        key = _text_of(request.params.get("apiKey")) or self._logged_on
        if request.method == LOG_ON:
            self._logged_on = key
        elif request.method == LOG_OUT:
            self._logged_on = None
        account = None if key is None else self._account_of(key)
        return Called(Kind.CALL, request.method, frozenset({account or DEFAULT_ACCOUNT}), key)

    # What the application sends

    async def send(self, message: Message) -> None:
        """Send a message of the application, unless a fault has ended the socket."""
        if self._ended:
            return
        if message["type"] != "websocket.send" or not (self._faults or self._struck):
            await self._later.send(message, 0.0)
            return
        delay = 0.0
        if self._struck:
            answered = self._struck.pop(_id_of(message), [])
            last = last_of(answered)
            if last is not None and last.rule.fault is Fault.DISCONNECT:
                self._break()
                return
            delay = delay_of(answered, Moment.AFTER)
            message = message if last is None else self._error(_id_of(message), last)
        await self._strike_message(message, delay)

    async def _strike_message(self, message: Message, delay: float) -> None:
        strikes = self._faults.strike(self._message)
        delay += sum(delay_of(strikes, moment) for moment in (Moment.BEFORE, Moment.AFTER))
        last = last_of(strikes)
        if last is not None and last.rule.fault is Fault.CLOSE:
            self._ended = True
            message = {"type": "websocket.close", "code": last.rule.code, "reason": REASON}
        elif last is not None and last.rule.moment is Moment.WITHIN:
            self._break()
            return
        await self._later.send(message, delay)
        if last is not None and not self._ended:
            await self._later.drain()
            self._break()

    def _break(self) -> None:
        self._ended = True
        line(self._scope).close()

    def _error(self, told: bytes, strike: Strike) -> Message:
        return {
            "type": "websocket.send",
            "text": error_answer(told, dialect_error(strike), self._now() // MILLISECOND, None).decode(),
        }


def _id_of(answer: Message) -> bytes:
    try:
        return bytes(_decode_answer(answer["text"]).id)
    except MsgspecError:
        return NO_ID


def _text_of(raw: Raw | None) -> str | None:
    try:
        return None if raw is None else _decode_text(raw)
    except MsgspecError:
        return None
