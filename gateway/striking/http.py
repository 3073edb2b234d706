"""Carries out the faults of calls over HTTP."""

import asyncio
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.faults import told_by_dialects
from gateway.http.errors import HttpError
from gateway.http.frames import EXTENSION
from gateway.http.resources import ClientGoneError
from gateway.injected.faults import InjectedFaults
from gateway.injected.rule import Called, Fault, Moment, Strike, delay_of, last_of
from gateway.striking.answers import mark, response_of
from gateway.striking.called import AccountOf, can_be_struck, read_call
from gateway.striking.line import line
from gateway.striking.sockets import StruckSocket


class Striking:
    """An application whose calls are struck. account_of: of a key. now: the exchange's time, in nanoseconds."""

    def __init__(self, app: ASGIApp, faults: InjectedFaults, account_of: AccountOf, now: Callable[[], int]) -> None:
        self._app = app
        self._faults = faults
        self._account_of = account_of
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # A fault may be asked for while the stream is open: every message has to come by.
            scope["extensions"].pop(EXTENSION, None)
            called, _ = await read_call(scope, receive, self._account_of)
            await StruckSocket(self._faults, called, (scope, receive, send), self._account_of, self._now).serve(
                self._app
            )
        elif scope["type"] == "http" and self._faults and can_be_struck(scope["path"]):
            try:
                called, receive = await read_call(scope, receive, self._account_of if self._faults.by_account else None)
            except ClientGoneError:
                return
            except HttpError as error:
                # The body is too large, or never comes.
                await told_by_dialects(error, scope["path"]).send(send)
                return
            await self._call(called, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _call(self, called: Called, scope: Scope, receive: Receive, send: Send) -> None:
        strikes = self._faults.strike(called)
        await asyncio.sleep(delay_of(strikes, Moment.BEFORE))
        last = last_of(strikes)
        if last is not None and last.rule.moment is Moment.BEFORE:
            await _answer(last, scope, receive, send)
            return
        delay = delay_of(strikes, Moment.AFTER)
        if last is None and not delay:
            await self._app(scope, receive, send)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        await asyncio.sleep(delay)
        if last is None:
            for message in answer:
                await send(message)
        elif last.rule.moment is Moment.WITHIN:
            await _break_within(last, answer, scope, receive, send)
        else:
            await _answer(last, scope, receive, send)


async def _answer(strike: Strike, scope: Scope, receive: Receive, send: Send) -> None:
    """In place of the call's own answer."""
    if strike.rule.fault is Fault.DISCONNECT:
        line(scope).abort()
        await _until_gone(receive)
    else:
        await response_of(strike, scope["path"]).send(send)


async def _break_within(strike: Strike, answer: Sequence[Message], scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head and half of the body, and break the connection."""
    for message in answer:
        if message["type"] == "http.response.start":
            await send({**message, "headers": [*message["headers"], mark(strike)]})
        else:
            body: bytes = message["body"]
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    line(scope).close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
