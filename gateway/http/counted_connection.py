"""What a connection and its requests count as, and what a caller is told who has had too much."""

import asyncio
from abc import abstractmethod
from typing import Any, ClassVar

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.http.callers import REFUSED, Caller, Limits, tell_caller
from gateway.http.cycle import Cycle
from gateway.http.errors import HttpError
from gateway.http.places import Place
from gateway.http.responses import AnswerError, HttpResponse, response_app
from matching_exchange.process.log_brake import LogBrake

log = structlog.get_logger("gateway")


class CountedConnection(HttpToolsProtocol):
    """A connection of HTTP that has a place among those of its address."""

    brake: ClassVar = LogBrake()

    scope: Any
    cycle: Any
    """The newest request's."""

    def __init__(
        self,
        limits: Limits,
        answer_error: AnswerError,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._answer_error = answer_error
        self._caller = Caller(limits, "")
        self._place = Place(None)
        # The request that is being answered, or was the last.
        self._current: Cycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limits.counts.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._place.free()
        self._limits.counts.connections -= 1

    @abstractmethod
    def _begin(self, app: Any, transport: Any, *, keep_alive: bool) -> None:
        """Let the application answer the newest request, after those before it."""

    def _count_connection(self) -> None:
        """Count this connection, which is new. HttpError where it is too much."""
        self._caller = Caller(self._limits, self.client[0] if self.client else "")
        self._place = self._caller.connect()
        self._caller.count_connection()

    def _caller_of_request(self) -> Caller:
        caller = self._caller.of_request(self.headers)
        tell_caller(self.scope, caller)
        return caller

    def _tell_limit(self, error: HttpError, *, keep_alive: bool) -> None:
        """Answer the newest request with the error, and go on. A flood of them must cost little."""
        self._log(error)
        if any(name == b"origin" for name, _ in self.headers):
            # The application adds what lets a page read the answer.
            self.scope["extensions"][REFUSED] = error
            self._begin(self.app, self.transport, keep_alive=keep_alive)
            return
        response = self._answer_to(error)
        if self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            self._begin(response_app(response), self.transport, keep_alive=keep_alive)
            return
        self.cycle = self._current = Cycle.of(self, self.transport, keep_alive=keep_alive)
        self._current.tell(response)
        self._count_answer(self._current, 0.0)

    def _count_answer(self, cycle: Cycle, seconds: float) -> None:
        """Count a request that has got its answer after so many seconds."""
        self.server_state.total_requests += 1
        self._limits.counts.answered(cycle.scope, cycle.status, seconds)

    def _answer_to(self, error: HttpError) -> HttpResponse:
        """The answer to the newest request that tells the error."""
        return self._answer_error(error, (self.scope or {}).get("path", ""))

    def _log(self, error: HttpError) -> None:
        if (left_out := self.brake.passes(error.code)) is not None:
            client = self.client[0] if self.client else ""
            log.warning("request refused", code=error.code, detail=error.detail, client=client, **left_out)
