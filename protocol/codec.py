"""Encoders and decoders: one for each union of messages, made once.

Use them from one thread of a process. Decoding checks every type and bound that the structs declare.
"""

import msgspec

from protocol.commands import VERSION, Commands, Frame, Hello
from protocol.events import Report
from protocol.market_data import MarketDataMessage
from protocol.units import MAX_INTEGER

MAX_FRAME_BYTES = 1024 * 1024
"""The largest frame of commands, in bytes. The contents of a LoadBook do not count where the matcher reads its file."""

encode = msgspec.msgpack.Encoder().encode
decode_frame = msgspec.msgpack.Decoder(Frame).decode
decode_report = msgspec.msgpack.Decoder(Report).decode
decode_market_data = msgspec.msgpack.Decoder(MarketDataMessage).decode

_decode_any = msgspec.msgpack.Decoder().decode


class FrameError(ValueError):
    """A frame cannot be read. The message says why.

    session, number: those of the frame; zero if they cannot be read. A refused Hello has the next number.
    version: that of the frame.
    """

    def __init__(self, detail: str, session: int = 0, number: int = 0, version: int = VERSION) -> None:
        super().__init__(detail)
        self.session = session
        self.number = number
        self.version = version


def read_frame(payload: bytes) -> Frame:
    """Read the frame in the payload. Raises FrameError, also for a frame of another version."""
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(payload)} bytes: takes at most {MAX_FRAME_BYTES}")
    try:
        frame: Frame = decode_frame(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _explain(payload, str(error)) from error
    if frame.version != VERSION:
        raise _other_version(frame)
    return frame


def _other_version(frame: Frame) -> FrameError:
    """Its number is one that the sender waits for, so that it hears the refusal."""
    number = 0
    if isinstance(frame, Hello):
        number = frame.answered + 1
    elif isinstance(frame, Commands):
        number = frame.number
    return FrameError(f"version {frame.version}: takes version {VERSION}", frame.session, number, frame.version)


def _explain(payload: bytes, detail: str) -> FrameError:
    """Read of a bad frame what can be read: its version, session and number."""
    try:
        content = _decode_any(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return FrameError("not MessagePack")
    if not isinstance(content, list) or len(content) < 3 or not all(isinstance(part, int) for part in content[:3]):
        return FrameError(f"not a frame: {detail}")
    if content[1] != VERSION:
        return FrameError(f"version {content[1]}: takes version {VERSION}")
    number = content[3] if len(content) > 3 and isinstance(content[3], int) else 0
    return FrameError(detail, content[2] if 1 <= content[2] <= MAX_INTEGER else 0, number)
