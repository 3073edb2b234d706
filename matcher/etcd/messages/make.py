"""Makes the messages anew: `python -m matcher.etcd.messages.make DIRECTORY`, where etcd's sources lie.

Takes what is needed out of etcd's .proto files, without comments and options, and compiles it.
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

SOURCES: Final = ("mvcc/mvccpb/kv.proto", "etcdserver/etcdserverpb/rpc.proto")
"""Within the directory, as of etcd 3.4. Version 3.5 and later have them in other places, with the same numbers."""

NEEDED: Final = frozenset(
    (
        *("KeyValue", "Event", "ResponseHeader", "RangeRequest", "RangeResponse", "PutRequest", "PutResponse"),
        *("DeleteRangeRequest", "DeleteRangeResponse", "RequestOp", "ResponseOp", "Compare", "TxnRequest"),
        *("TxnResponse", "CompactionRequest", "CompactionResponse", "SnapshotRequest", "SnapshotResponse"),
        *("WatchRequest", "WatchCreateRequest", "WatchCancelRequest", "WatchProgressRequest", "WatchResponse"),
        *("StatusRequest", "StatusResponse", "AuthenticateRequest", "AuthenticateResponse"),
    )
)
"""The messages that are taken."""

HEAD: Final = 'syntax = "proto3";\n\npackage matcher.etcd.messages;\n'
"""A package of its own: another client of etcd in the process may bring the same messages under etcd's names."""

TARGET: Final = "matcher/etcd/messages/etcd.proto"


def blocks(text: str) -> list[str]:
    """The messages and enums at the top of a .proto file, of those that are needed, without comments."""
    bare = re.sub(r"//[^\n]*", "", text)
    found = []
    for match in re.finditer(r"^(?:message|enum) +(\w+) *\{", bare, re.MULTILINE):
        end, depth = match.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(bare[end], 0)
            end += 1
        if match[1] in NEEDED:
            lines = [line.rstrip() for line in bare[match.start() : end].splitlines()]
            found.append("\n".join(line for line in lines if line))
    return found


def main() -> None:
    root = Path(__file__).parents[3]
    found = [block for source in SOURCES for block in blocks(Path(sys.argv[1], source).read_text(encoding="utf-8"))]
    text = "\n\n".join([HEAD, *found]).replace("mvccpb.", "") + "\n"
    root.joinpath(TARGET).write_text(text, encoding="utf-8")
    compiler = import_module("grpc_tools.protoc")
    place = [f"-I{root}", f"--python_out={root}", f"--pyi_out={root}"]
    sys.exit(compiler.main(["protoc", *place, str(root / TARGET)]))


if __name__ == "__main__":
    main()
