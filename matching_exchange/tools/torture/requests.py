"""What a client sends: requests, each in a call of its own or many of a kind in one."""

from typing import Literal

import msgspec
from msgspec import Raw, Struct

from matching_exchange.tools.torture.evidence import CommandKind, Key

Kind = CommandKind | Literal["look_up"]

encode = msgspec.json.Encoder().encode


class Request(Struct, frozen=True):
    """A call of the HTTP interface. `name` is what the request calls its order, `again` marks an order or a
    transfer that was answered before."""

    kind: Kind
    key: Key
    method: str
    path: str
    body: bytes | None
    name: str = ""
    again: bool = False


class Call(Struct, frozen=True):
    """Requests that are sent together: one alone, or a batch of orders, or of cancels of one account."""

    requests: list[Request]
    is_batch: bool = False

    def message(self, waiting: list[int]) -> tuple[str, str, bytes | None]:
        """Method, path and body that ask for those of the requests that still wait for their answers."""
        requests = [self.requests[index] for index in waiting]
        first = requests[0]
        if not self.is_batch:
            return first.method, first.path, first.body
        if first.kind == "place":
            return "POST", "/orders/batch", encode({"orders": [Raw(request.body or b"") for request in requests]})
        names = {"account": first.key.account, "order_ids": [request.key.name for request in requests]}
        return "POST", "/orders/cancel-batch", encode(names)
