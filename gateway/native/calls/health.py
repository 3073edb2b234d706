"""GET /health: 200 when a round trip through the matcher came back in time, and a command would be taken.

A matcher that was restarted answers what was asked before it has welcomed the session, and takes no command of it yet.
"""

from typing import Final

from starlette.types import Receive, Scope

from gateway.http.resources import JSON, NO_STORE, Reply, encode, json_reply, query_parameters
from gateway.link.broker import Broker, MatcherUnavailableError
from gateway.native.json.schemas import Health, Unhealthy
from gateway.native.json.times import MILLISECOND, NANOSECONDS
from gateway.native.problems import RETRY_AFTER_SECONDS, expect
from protocol.commands import StatusQuery
from protocol.events import MatcherStatus

HEALTH_SECONDS: Final = 0.5
"""How long the round trip may take."""


class HealthCheck:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def check(self, scope: Scope, receive: Receive) -> Reply:
        """GET /health"""
        query_parameters(scope)
        try:
            answer = await self._broker.query(StatusQuery(), HEALTH_SECONDS)
        except MatcherUnavailableError:
            return _unhealthy(f"The matcher does not answer within {HEALTH_SECONDS} seconds.")
        status = expect(MatcherStatus, answer.value)
        if not self._broker.available or status.epoch > self._broker.epoch:
            return _unhealthy("The matcher has started again and takes no commands yet.")
        uptime = status.uptime // NANOSECONDS
        difference = self._broker.clock_difference // MILLISECOND
        return json_reply(
            Health(
                status.sync,
                answer.sequence,
                status.open_orders,
                uptime,
                status.refused_frames,
                str(status.epoch),
                difference,
            )
        )


def _unhealthy(detail: str) -> Reply:
    return Reply(503, encode(Unhealthy(detail)), JSON, NO_STORE, (b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
