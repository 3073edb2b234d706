"""A proxy before a server of etcd that loses, delays and doubles calls, and spoils watches."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from threading import Event
from typing import Any, Final

# As the log's own client: children of a fork end badly beside the library's default.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc

from matcher.etcd.messages import etcd_pb2 as etcd
from matching_exchange.tools.processes import free_ports

THREADS: Final = 32
PATIENCE: Final = 10.0
"""Seconds after which a call that nobody waits for is given up."""

OPTIONS: Final = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1))

STATUS: Final = "/etcdserverpb.Maintenance/Status"
TRANSACTION: Final = "/etcdserverpb.KV/Txn"
WATCH: Final = "/etcdserverpb.Watch/Watch"


class Fault(Enum):
    """What befalls a call.

    LOSE_CALL: it does not get to the server, and no answer comes.
    LOSE_ANSWER: the server carries it out, and no answer comes.
    LATE: it gets to the server once the caller has given it up.
    DOUBLE: it gets there twice; FIRST and LAST say which answer comes back.
    REFUSE: it does not get there, and fails at once.
    BREAK: the server carries it out, and it fails at once.
    """

    NONE = "none"
    LOSE_CALL = "lose the call"
    LOSE_ANSWER = "lose the answer"
    LATE = "late"
    DOUBLE_FIRST = "double, the first answer"
    DOUBLE_LAST = "double, the last answer"
    REFUSE = "refuse"
    BREAK = "break"


class EtcdProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Stands at `address` for the server at `target`.

    faults: of the next transactions, one each; then none.
    dead: every unary call is lost.
    gate: answers of transactions wait for it; it is open.
    version: what the server says of itself, if it is not to tell its own.
    transactions: how many have come.
    spoil: what becomes of an answer of a watch: the answers in its place.
    """

    def __init__(self, target: str) -> None:
        self._channel = grpc.insecure_channel(target, options=(("grpc.max_receive_message_length", -1),))
        self.faults: deque[Fault] = deque()
        self.seen: list[Fault] = []
        self.dead = False
        self.gate = Event()
        self.gate.set()
        self.version = ""
        self.spoil: Callable[[Any], list[Any]] = lambda answer: [answer]
        self.watches = 0
        self.transactions = 0
        (self._port,) = free_ports(1)
        self._server: Any = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(THREADS), handlers=(self,), options=OPTIONS)
        self._server.add_insecure_port(self.address)
        self._server.start()

    def cut(self) -> None:
        """Close all connections, and take no new ones until `start`."""
        self._server.stop(None).wait()

    def close(self) -> None:
        self.cut()
        self._channel.close()

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method
        if method == WATCH:
            return grpc.stream_stream_rpc_method_handler(self._watch)
        return grpc.unary_unary_rpc_method_handler(partial(self._call, method))

    def _call(self, method: str, request: bytes, context: Any) -> bytes:
        self.transactions += method == TRANSACTION
        fault = self.faults.popleft() if method == TRANSACTION and self.faults else Fault.NONE
        if self.dead:
            fault = Fault.LOSE_CALL
        self.seen.append(fault)
        gone = Event()
        context.add_callback(gone.set)
        answers = []
        if fault not in {Fault.LOSE_CALL, Fault.LATE, Fault.REFUSE}:
            answers.append(self._forward(method, request, context))
        if fault in {Fault.DOUBLE_FIRST, Fault.DOUBLE_LAST}:
            answers.append(self._forward(method, request, context))
        if fault in {Fault.LOSE_CALL, Fault.LOSE_ANSWER, Fault.LATE}:
            gone.wait(PATIENCE)
        if method == TRANSACTION:
            self.gate.wait(PATIENCE)
        if fault is Fault.LATE:
            self._forward(method, request, context)
        if fault in {Fault.REFUSE, Fault.BREAK} or not answers or fault is Fault.LOSE_ANSWER:
            context.abort(grpc.StatusCode.UNAVAILABLE, fault.value)
        answer = answers[-1 if fault is Fault.DOUBLE_LAST else 0]
        if method == STATUS and self.version:
            status = etcd.StatusResponse.FromString(answer)
            status.version = self.version
            return bytes(status.SerializeToString())
        return answer

    def _forward(self, method: str, request: bytes, context: Any) -> bytes:
        try:
            answer: bytes = self._channel.unary_unary(method)(
                request, timeout=PATIENCE, metadata=context.invocation_metadata()
            )
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
        return answer

    def _watch(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        self.watches += 1
        stream = self._channel.stream_stream(WATCH)(requests)
        context.add_callback(stream.cancel)
        try:
            for packed in stream:
                for answer in self.spoil(etcd.WatchResponse.FromString(packed)):
                    yield answer.SerializeToString()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.CANCELLED:
                raise
