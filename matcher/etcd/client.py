"""Calls to the servers of etcd. Nothing here waits, except `ask`.

gRPC has threads of its own. What they finish goes to the `Waker` of the caller, who carries it out in its own thread.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import grpc
import structlog
from msgspec import Struct

from matcher.etcd.address import Credentials, LogAddress
from matcher.etcd.messages import etcd_pb2 as etcd
from matcher.etcd.waker import Waker
from matcher.replication import timings
from matcher.replication.timings import MILLISECOND, TRY
from matcher.storage.log import LogAwayError, LogFailedError

NANOSECONDS: Final = 1_000_000_000

AT_ONCE: Final = 50 * MILLISECOND
"""A call that fails faster than this has failed at once: the next one waits for a pause."""

ASK_TIMEOUT: Final = 2 * NANOSECONDS
"""What a call of `ask` may take: it may bring many records."""

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024

MAX_SILENT_CALLS: Final = 6
"""After so many calls without an answer, the connection is made anew: the network may have forgotten it."""

RENEW_EVERY: Final = 2 * NANOSECONDS
"""The least time between two connections. A server without a majority does not answer either."""

OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.max_send_message_length", MAX_ANSWER_BYTES),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),
)
"""Of each connection. A server that is back is found within a second or so."""

REFUSALS: Final = ("permission denied", "authentication failed", "authentication is not enabled", "user name is empty")
"""What a server says to whom it does not know: another try would get the same."""

WATCH: Final = "/etcdserverpb.Watch/Watch"

METHODS: Final[dict[str, tuple[str, Any]]] = {
    "authenticate": ("/etcdserverpb.Auth/Authenticate", etcd.AuthenticateResponse),
    "compact": ("/etcdserverpb.KV/Compact", etcd.CompactionResponse),
    "delete": ("/etcdserverpb.KV/DeleteRange", etcd.DeleteRangeResponse),
    "range": ("/etcdserverpb.KV/Range", etcd.RangeResponse),
    "status": ("/etcdserverpb.Maintenance/Status", etcd.StatusResponse),
    "transaction": ("/etcdserverpb.KV/Txn", etcd.TxnResponse),
}
"""The calls: each one's path, and the message that answers it."""

log = structlog.get_logger("matcher")


class Reply(Struct, frozen=True):
    """What came of a call.

    answer: the message; None if the call failed.
    fault: why it failed, in one line; empty if it did not.
    sent, came: when, on the clock of the replication.
    """

    server: int
    answer: Any
    fault: str
    sent: int
    came: int

    @property
    def at_once(self) -> bool:
        return self.came - self.sent < AT_ONCE


class _Server:
    """One server's connection.

    silent: calls since its last answer.
    answered_at: when it has answered `ask`.
    """

    def __init__(self, address: str, credentials: Credentials) -> None:
        self.address = address
        self._credentials = credentials
        self.silent = 0
        self.answered_at = 0
        self._renewed_at = timings.now()
        self.channel = self._connect()
        self.held: Any = None

    def _connect(self) -> Any:
        of = self._credentials
        if of.ca is None:
            return grpc.insecure_channel(self.address, options=OPTIONS)
        secure = grpc.ssl_channel_credentials(of.ca, of.key, of.certificate)
        return grpc.secure_channel(self.address, secure, options=OPTIONS)

    def note_silence(self) -> None:
        """A call had no answer. Its connection may have come to its end."""
        self.silent += 1
        now = timings.now()
        if self.silent < MAX_SILENT_CALLS or now - self._renewed_at < RENEW_EVERY:
            return
        self._renewed_at = now
        self.channel.close()
        self.channel = self._connect()
        self.held = None
        self.silent = 0


class Client:
    """Connections to all servers of an address. One thread uses it."""

    def __init__(self, address: LogAddress, credentials: Credentials) -> None:
        self.address = address
        self._user = credentials.user
        self._password = credentials.password
        self._token = ""
        self._asking_for_token = False
        self._servers = [_Server(server, credentials) for server in address.servers]

    def __len__(self) -> int:
        return len(self._servers)

    def close(self) -> None:
        for server in self._servers:
            server.channel.close()

    def start(
        self,
        waker: Waker,
        number: int,
        method: str,
        request: Any,
        then: Callable[[Reply], None],
        timeout: int = TRY,
    ) -> None:
        """Send a call to the server of that number. `then` is told what came of it, by the owner of `waker`."""
        server = self._servers[number]
        sent = timings.now()
        if not self._has_token(waker, number):
            waker.put(partial(then, Reply(number, None, "no token of the user yet", sent, sent)))
            return
        token = self._token
        future = self._call(server, method).future(request, timeout=timeout / NANOSECONDS, metadata=self._metadata())

        def done(of: Any) -> None:
            came = timings.now()
            waker.put(partial(self._finished, then, of, Reply(number, None, "", sent, came), token))

        future.add_done_callback(done)

    def ask(self, method: str, request: Any, patience: int) -> Any:
        """The answer of the first server that gives one. Waits. LogAwayError if none does within `patience`,
        LogFailedError if one refuses us."""
        until = timings.now() + patience
        fault = ""
        while True:
            # That which has answered last comes first.
            for server in sorted(self._servers, key=_answered_at, reverse=True):
                left = min(ASK_TIMEOUT, until - timings.now())
                if left <= 0:
                    raise LogAwayError(f"the log does not answer: {self.address} (MATCHER_LOG): {fault or 'no time'}")
                try:
                    self._authenticate(server, left)
                    call = self._call(server, method)
                    answer = call(request, timeout=left / NANOSECONDS, metadata=self._metadata())
                except grpc.RpcError as error:
                    fault = self._fault(server, error, self._token)
                    if any(words in fault for words in REFUSALS):
                        raise LogFailedError(f"{self.address} (MATCHER_LOG): {fault}") from error
                else:
                    server.answered_at = timings.now()
                    return answer
            time.sleep(max(0, min(AT_ONCE, until - timings.now())) / NANOSECONDS)

    def statuses(self, timeout: int = TRY) -> Iterator[tuple[str, Any]]:
        """Each server's address and status, of those that answer. Waits."""
        for server in self._servers:
            try:
                self._authenticate(server, timeout)
                call = self._call(server, "status")
                yield (
                    server.address,
                    call(etcd.StatusRequest(), timeout=timeout / NANOSECONDS, metadata=self._metadata()),
                )
            except grpc.RpcError as error:
                log.debug(
                    "a log server does not answer", server=server.address, error=self._fault(server, error, self._token)
                )

    def watch(self, number: int, request: Any) -> Any:
        """The stream of a watch's answers, for a thread of its own. It ends with grpc.RpcError, by `cancel` too."""
        stream = self._servers[number].channel.unary_stream(
            WATCH,
            request_serializer=etcd.WatchRequest.SerializeToString,
            response_deserializer=etcd.WatchResponse.FromString,
        )
        return stream(request, metadata=self._metadata())

    def hold(self, number: int, request: Any) -> None:
        """Have a watch open at that server whose answers nobody reads. gRPC's library starts a thread for each call
        while no other one is under way: that costs more than the call."""
        server = self._servers[number]
        if server.held is None or not server.held.is_active():
            server.held = self.watch(number, request)

    def _call(self, server: _Server, method: str) -> Any:
        path, answer = METHODS[method]
        return server.channel.unary_unary(path, request_serializer=_serialized, response_deserializer=answer.FromString)

    def _finished(self, then: Callable[[Reply], None], future: Any, reply: Reply, token: str) -> None:
        """In the owner's thread. `token`: what the call was sent with."""
        server = self._servers[reply.server]
        code = future.code()
        if code is grpc.StatusCode.OK:
            server.silent = 0
            then(Reply(reply.server, future.result(), "", reply.sent, reply.came))
            return
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            server.note_silence()
        then(Reply(reply.server, None, self._fault(server, future, token), reply.sent, reply.came))

    def _fault(self, server: _Server, error: Any, token: str) -> str:
        """One line, without secrets. A token that is not taken any more is forgotten, if no newer one is there."""
        code, details = error.code(), str(error.details() or "").splitlines()
        is_refused = code is grpc.StatusCode.UNAUTHENTICATED or any("auth" in line for line in details[:1])
        if is_refused and token == self._token:
            self._token = ""
        name = str(code.name).lower().replace("_", " ")
        return f"{server.address}: {name}" + (f": {details[0][:200]}" if details else "")

    # The token of the user

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("token", self._token),) if self._token else ()

    def _has_token(self, waker: Waker, number: int) -> bool:
        """Whether calls can be sent. If not, a token is on its way."""
        if not self._user or self._token:
            return True
        if not self._asking_for_token:
            self._asking_for_token = True
            sent = timings.now()
            question = etcd.AuthenticateRequest(name=self._user, password=self._password)
            future = self._call(self._servers[number], "authenticate").future(
                question, timeout=ASK_TIMEOUT / NANOSECONDS
            )

            def done(of: Any) -> None:
                came = timings.now()
                waker.put(partial(self._finished, self._got_token, of, Reply(number, None, "", sent, came), ""))

            future.add_done_callback(done)
        return False

    def _got_token(self, reply: Reply) -> None:
        self._asking_for_token = False
        if reply.answer is None:
            log.warning("the log server does not take the user", error=reply.fault)
        else:
            self._token = reply.answer.token

    def _authenticate(self, server: _Server, timeout: int) -> None:
        if self._user and not self._token:
            question = etcd.AuthenticateRequest(name=self._user, password=self._password)
            answer = self._call(server, "authenticate")(question, timeout=timeout / NANOSECONDS)
            self._token = answer.token


def _answered_at(server: _Server) -> int:
    return server.answered_at


def _serialized(message: Any) -> bytes:
    packed: bytes = message.SerializeToString()
    return packed
