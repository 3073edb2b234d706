"""The CRC-32 of answers. Two nodes that carry out the same record alike have the same.

It goes over the encoded answers one by one, whatever replies hold them.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from zlib import crc32

from matcher.reply import Reply
from protocol.codec import encode

SHORT: Final = 16
MIDDLE: Final = 65_536
"""MessagePack's arrays of fewer items have a header of one byte, or of three; others of five."""


def fresh(replies: Iterable[Reply], first: int) -> Iterator[Reply]:
    """The replies to commands from the sequence `first` on, each once: a frame that was sent again is answered again,
    also in the turn that has taken it."""
    following = first
    for reply in replies:
        if reply.sequence >= following:
            following = reply.sequence + len(reply.answers)
            yield reply


def outputs_of(replies: Iterable[Reply], outputs: int = 0) -> int:
    """The CRC-32 of all their answers, in order. `outputs` is that of the answers before."""
    for reply in replies:
        answers = reply.answers
        count = len(answers)
        header = 1 if count < SHORT else 3 if count < MIDDLE else 5
        outputs = crc32(memoryview(encode(answers))[header:], outputs)
    return outputs
