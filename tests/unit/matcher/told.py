"""`python -m tests.unit.matcher.told JOURNAL DIR` prints, in hashes, all that a matcher says of a journal: events, answers,
account updates, market data, changes of books, digest, and the bytes of a snapshot, which it leaves in DIR."""

import hashlib
import json
import sys
from pathlib import Path

from matcher import CORE
from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.reply import Reply
from matcher.serving.market_data import MarketData
from matcher.state import Caused, State
from matcher.storage.journal import Journal
from matcher.storage.snapshot import write_snapshot
from protocol.codec import encode


class Everything:
    """Somebody wants every topic."""

    changes = 0

    def want(self, _topic: bytes) -> bool:
        return True


class Said:
    """What was said so far, by kind."""

    def __init__(self) -> None:
        self.kinds = {kind: hashlib.sha256() for kind in ("events", "answers", "market_data", "changes")}
        self.count = dict.fromkeys(self.kinds, 0)

    def add(self, kind: str, *parts: bytes) -> None:
        for part in parts:
            self.kinds[kind].update(len(part).to_bytes(8, "big") + part)
        self.count[kind] += 1


def main(journal: Path, directory: Path) -> dict[str, object]:
    said = Said()
    state = State(Engine())
    market_data = MarketData(
        state.registry,
        lambda topic, payload: said.add("market_data", topic, payload),
        Everything(),
        1,
        0,
        lambda: state.sequence,
    )

    def note(reply: Reply, caused: list[Caused]) -> None:
        said.add("answers", encode(reply))
        for one in caused:
            said.add("events", encode(one.command), *map(encode, one.events))
            for change in one.changes:
                numbers = change.number, change.checksum, change.replaced
                said.add("changes", encode((change.symbol, *numbers, change.bids, change.asks, change.orders)))
        for symbol in state.registry.books:
            tracker = state.trackers.follow(symbol)
            if not tracker.complete:
                tracker.checks = True
                tracker.build()
        market_data.publish(caused, state.time)
        market_data.flush(state.sequence, state.time)

    for record in Journal(journal).records():
        state.replay(record, note)
    market_data.publish_all(state.sequence, state.time)
    snapshot = write_snapshot(directory, state, "journal", 0)
    return {
        "core": CORE.kind,
        "sequence": state.sequence,
        "digest": digest(state.registry),
        "snapshot": hashlib.sha256(snapshot.read_bytes()).hexdigest(),
        "count": said.count,
        **{kind: hashed.hexdigest() for kind, hashed in said.kinds.items()},
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
