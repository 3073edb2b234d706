"""Where a log lies in etcd, and the requests for it. Pure.

NAME/head: its version counts the appends for ever. Its value says the same to people.
NAME/log/POSITION: the bytes of the record, with 20 digits of its position.
NAME/id: the log's id, written with the first record.
"""

from typing import Any, Final

from msgspec import Struct

from matcher.etcd.messages import etcd_pb2 as etcd
from matcher.storage.log import Position

DIGITS: Final = 20


class Page(Struct, frozen=True):
    """What a log held at one moment.

    revision: that moment, as etcd counts.
    id: empty before the first record.
    records: positions and bytes of a bounded number of records, in order.
    """

    revision: int
    id: str
    head: Position
    records: list[tuple[Position, bytes]]


class Layout:
    """The keys of the log of that name."""

    def __init__(self, name: str) -> None:
        self.head = f"{name}/head".encode()
        self.id = f"{name}/id".encode()
        self.records = f"{name}/log/".encode()
        self.records_end = f"{name}/log0".encode()

    def record(self, position: Position) -> bytes:
        return self.records + f"{position:0{DIGITS}}".encode()

    def position(self, key: bytes) -> Position:
        return int(key[len(self.records) :])

    def append(self, expected: Position, record: bytes, new_id: str) -> Any:
        """The compare-and-append. Where it is refused, the record behind `expected` comes with the answer. `new_id`
        names the log, if this is its first record."""
        position = expected + 1
        puts = [
            etcd.RequestOp(request_put=etcd.PutRequest(key=self.head, value=str(position).encode())),
            etcd.RequestOp(request_put=etcd.PutRequest(key=self.record(position), value=record)),
        ]
        if expected == 0:
            puts.append(etcd.RequestOp(request_put=etcd.PutRequest(key=self.id, value=new_id.encode())))
        return etcd.TxnRequest(
            compare=[
                etcd.Compare(result=etcd.Compare.EQUAL, target=etcd.Compare.VERSION, key=self.head, version=expected)
            ],
            success=puts,
            failure=[_reading(etcd.RangeRequest(key=self.record(position)))],
        )

    def ask_head(self) -> Any:
        return etcd.RangeRequest(key=self.head)

    def ask_page(self, first: Position, limit: int) -> Any:
        """A page of the records from a position on."""
        return etcd.TxnRequest(
            success=[
                _reading(etcd.RangeRequest(key=self.id)),
                _reading(etcd.RangeRequest(key=self.head)),
                _reading(etcd.RangeRequest(key=self.record(first), range_end=self.records_end, limit=limit)),
            ]
        )

    def page(self, answer: Any) -> Page:
        """What the answer to `ask_page` says."""
        names, heads, records = (response.response_range.kvs for response in answer.responses)
        return Page(
            answer.header.revision,
            names[0].value.decode() if names else "",
            heads[0].version if heads else 0,
            [(self.position(kv.key), kv.value) for kv in records],
        )

    def ask_first(self) -> Any:
        """For the position of the first record that is left."""
        return etcd.RangeRequest(key=self.records, range_end=self.records_end, limit=1, keys_only=True)

    def delete(self, first: Position, end: Position) -> Any:
        """The records from `first` on, without that at `end`."""
        return etcd.DeleteRangeRequest(key=self.record(first), range_end=self.record(end))

    def compact(self, revision: int) -> Any:
        """Give free what was deleted, and the earlier values of `head`, up to a revision."""
        return etcd.CompactionRequest(revision=revision)

    def watch(self, revision: int) -> Any:
        """All records that are put from this revision on."""
        return etcd.WatchRequest(
            create_request=etcd.WatchCreateRequest(
                key=self.records,
                range_end=self.records_end,
                start_revision=revision,
                filters=[etcd.WatchCreateRequest.NODELETE],
                fragment=True,
            )
        )

    def watch_id(self) -> Any:
        """The log's id from now on: nothing ever changes it."""
        return etcd.WatchRequest(create_request=etcd.WatchCreateRequest(key=self.id))


def head_of(answer: Any) -> Position:
    """What the answer to `ask_head` says."""
    return int(answer.kvs[0].version) if answer.kvs else 0


def _reading(question: Any) -> Any:
    return etcd.RequestOp(request_range=question)
