"""Positions of before: where a rewind can go to. The last ones are all kept, and ever fewer of the older ones."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from history.schema.tables import checkpoints

ALL_OF_LAST: Final = 1_000
"""So many of the last ones are kept."""

THINNED_AFTER: Final = 1_500
"""With more than so many, the older ones are thinned out."""

STEP_PERCENT: Final = 10
"""By how much the distance from the newest one grows at least, from one of the older ones to the next."""


def surplus(sequences: Sequence[int]) -> list[int]:
    """Of the sequences of checkpoints, newest first: those that are not to be kept. The oldest one always is."""
    dropped: list[int] = []
    kept = sequences[ALL_OF_LAST - 1] if len(sequences) > ALL_OF_LAST else 0
    for sequence in sequences[ALL_OF_LAST:-1]:
        if (sequences[0] - sequence) * 100 < (sequences[0] - kept) * (100 + STEP_PERCENT):
            dropped.append(sequence)
        else:
            kept = sequence
    return dropped


def thin_out(connection: Connection) -> int:
    """Drop those that are not to be kept. Returns how many are left."""
    newest_first = select(checkpoints.c.sequence).order_by(checkpoints.c.sequence.desc())
    sequences = connection.execute(newest_first).scalars().all()
    dropped = surplus(sequences)
    if dropped:
        connection.execute(
            checkpoints.delete()
            .where(checkpoints.c.sequence.between(dropped[-1], dropped[0]))
            .where(checkpoints.c.sequence.in_(dropped))
        )
    return len(sequences) - len(dropped)
