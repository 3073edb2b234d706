"""Makes the golden journal of what matchers of several shards share: `python -m tests.oracle.make_golden_shards DIR SEED`.

With seed 14 version 0.5.0 made golden_shards in tests/data. It stays as it is, as `make_golden_journal` says of others.

It holds statuses of accounts with versions (new, old, equal and without one) and copies of keys (in time, too late, more
than fit, bad ones), among orders that a suspension cancels.
"""

import sys
from pathlib import Path

from matcher.instrument_list import read_instruments
from protocol.commands import Command, CopyKeys, SetAccountStatus, SetLimits, SetShard
from protocol.keys import KeyState
from tests.oracle.make_golden_journal import (
    ACCOUNTS,
    BATCHES,
    DIGEST_EVERY,
    SESSIONS,
    START,
    STEP,
    Maker,
    new_instrument,
)


class ShardMaker(Maker):
    def any_command(self) -> Command:
        makers = (self.order, self.status, self.copy, lambda: self.funds.key(self.state.time), self.repeat)
        return self.random.choices(makers, (70, 8, 8, 8, 4))[0]()

    def status(self) -> SetAccountStatus:
        random = self.random
        account = random.choice(ACCOUNTS)
        known = self.state.registry.account_versions.of(account)
        version = random.choice((None, 0, 0, known, known + STEP, max(1, known - STEP), START + 10**15))
        return SetAccountStatus(account, random.random() < 0.2, version)

    def copy(self) -> CopyKeys:
        random = self.random
        ring = self.state.registry.keys
        time = self.state.time
        put = []
        for letter in random.sample("abcde", random.randint(0, 3)):
            name = letter if random.random() < 0.9 else "-"
            key = self.funds.any_key("k" * 63 + name, time)
            put.append(KeyState(key, time - STEP, random.choice((0, time))))
        removed = ["k" * 63 + letter for letter in random.sample("abcde", random.randint(0, 2))]
        return CopyKeys(ring.changed if random.random() < 0.8 else max(0, ring.changed - 1), put, removed)


def main(directory: Path, seed: int) -> None:
    maker = ShardMaker(directory, seed)
    maker.own([SetShard(1), SetLimits(accounts=4, cancels=3)])
    maker.own([*read_instruments(None), new_instrument()])
    for session in SESSIONS:
        maker.hello(session)
    for batch in range(BATCHES):
        frames = [
            (session, [maker.any_command() for _ in range(maker.random.randint(1, 4))])
            for session in maker.random.sample(SESSIONS, maker.random.randint(1, 2))
        ]
        maker.batch(frames, maker.random.choice((0, 0, 0, 2)))
        if batch % DIGEST_EVERY == 0:
            maker.note_digest()
    maker.finish(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
