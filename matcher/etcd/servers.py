"""What the servers of a log say of themselves: their versions, and how much they hold."""

import re
from typing import Any, Final

import structlog

from matcher.etcd.client import NANOSECONDS, Client, Reply
from matcher.etcd.messages import etcd_pb2 as etcd
from matcher.etcd.waker import Waker
from matcher.replication import timings
from matcher.storage.log import LogAwayError, LogFailedError

EVERY: Final = 5 * NANOSECONDS
"""How often they are asked."""

OLDEST: Final = (3, 4, 23)

LOSING: Final = ((3, 5, 0), (3, 5, 2))
"""From the first to the last of these, a crash may lose what was committed."""

TELL_AFTER: Final = 2 * NANOSECONDS
"""A start that waits for the log so long says what it waits for."""

log = structlog.get_logger("matcher")


def fault_of_version(version: str) -> str:
    """Why a server of that version cannot hold the log; empty if it can."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    numbers = tuple(int(part) for part in match.groups()) if match else ()
    if numbers < OLDEST or LOSING[0] <= numbers <= LOSING[1]:
        return f"etcd {version or '?'}: takes 3.4.23 or later, and neither 3.5.0, 3.5.1 nor 3.5.2"
    return ""


def check_servers(client: Client, patience: int) -> None:
    """That those that answer can hold the log. Waits until one answers, and says so: LogAwayError if none does within
    `patience`. LogFailedError for a version that is not taken."""
    question = etcd.StatusRequest()
    try:
        client.ask("status", question, min(patience, TELL_AFTER))
    except LogAwayError as error:
        if patience <= TELL_AFTER:
            raise
        log.warning("waiting for the log", error=str(error))
        client.ask("status", question, patience - TELL_AFTER)
    for server, status in client.statuses():
        fault = fault_of_version(status.version)
        if fault:
            raise LogFailedError(f"{client.address} (MATCHER_LOG): {server}: {fault}")


class Servers:
    """Asks them every now and then, once `begin` was called. The owner of `waker` calls `work`, at `due` at the latest.

    size: bytes in use at the one that uses most; None while that is not known.
    """

    def __init__(self, client: Client, waker: Waker) -> None:
        self._client = client
        self._waker = waker
        self._sizes: dict[int, int] = {}
        self._leading: int | None = None
        self._term = 0
        self._told: set[str] = set()
        self.due: int | None = None

    @property
    def size(self) -> int | None:
        return max(self._sizes.values(), default=None)

    def take_leading(self) -> int | None:
        """The server that leads the others, if it was heard since the last time. An append takes the shortest way
        there."""
        leading, self._leading = self._leading, None
        return leading

    def begin(self) -> None:
        if self.due is None:
            self.due = 0

    def work(self, now: int) -> None:
        if self.due is None or now < self.due:
            return
        self.due = timings.now() + EVERY
        for server in range(len(self._client)):
            self._client.start(self._waker, server, "status", etcd.StatusRequest(), self._told_by)

    def _told_by(self, reply: Reply) -> None:
        status: Any = reply.answer
        if status is None:
            return
        self._sizes[reply.server] = status.dbSizeInUse or status.dbSize
        # One that was cut off may believe to lead, in a term that is over.
        if status.leader == status.header.member_id and status.raftTerm >= self._term:
            self._leading, self._term = reply.server, status.raftTerm
        server = self._client.address.servers[reply.server]
        for fault in filter(None, (fault_of_version(status.version), *status.errors)):
            if f"{server}: {fault}" not in self._told:
                self._told.add(f"{server}: {fault}")
                log.error("a log server is not sound", server=server, error=fault)
