"""The way to a demo market that trades beside this exchange: one connection to its socket for each question."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import MsgspecError

from gateway.link.errors import OutcomeUnknownError
from protocol.demo import MAX_MESSAGE, DemoRefused, DemoState, Steer, decode_answer, encode, socket_path

DEMO_SECONDS: Final = 2.0
"""Time that a demo has for its answer, and for those that were asked for before."""


class NoDemoError(Exception):
    """No demo market answers."""


class DemoRefusedError(Exception):
    """The demo has changed nothing. `field` is at fault, `detail` says what it takes."""

    def __init__(self, refused: DemoRefused) -> None:
        super().__init__(refused.detail)
        self.field = refused.field
        self.detail = refused.detail


class DemoMarket:
    """The demo whose socket lies in this data directory; None where no setting names one. It may come and go."""

    def __init__(self, directory: Path | None) -> None:
        self._path = None if directory is None else socket_path(directory)
        # However many ask, they share one descriptor.
        self._turn = asyncio.Lock()

    async def steer(self, wanted: Steer) -> DemoState:
        """Its state after that. Raises NoDemoError, DemoRefusedError, or OutcomeUnknownError if no answer comes."""
        if self._path is None:
            raise NoDemoError
        asked = False
        try:
            async with asyncio.timeout(DEMO_SECONDS), self._turn:
                reader, writer = await asyncio.open_unix_connection(self._path)
                asked = True
                with closing(writer):
                    answer = await _ask(reader, writer, wanted)
        except (OSError, TimeoutError, MsgspecError) as error:
            raise (OutcomeUnknownError if asked else NoDemoError) from error
        if isinstance(answer, DemoRefused):
            raise DemoRefusedError(answer)
        return answer


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: Steer) -> DemoState | DemoRefused:
    writer.write(encode(wanted))
    writer.write_eof()
    message = b""
    while len(message) < MAX_MESSAGE and (part := await reader.read(MAX_MESSAGE)):
        message += part
    return decode_answer(message)


NO_DEMO: Final = DemoMarket(None)
