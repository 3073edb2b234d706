"""The two sockets of a session with one matcher: frames out, reports in."""

from typing import Final

import zmq

from protocol.curve import ClientKeys
from protocol.handshakes import Handshakes
from protocol.sockets import Context, message_receiver, open_commands, open_reports, sender


class Connection:
    """`session` is the public number of the session. `keys` are needed where the matcher has CURVE.

    send: sends a frame; zmq.Again where the matcher takes none.
    receive: topic and payload of the next report; zmq.Again where none waits.
    """

    def __init__(self, context: Context, commands: str, reports: str, session: int, keys: ClientKeys | None) -> None:
        self.endpoint: Final = commands
        self._commands = open_commands(context, commands, keys)
        self._reports = open_reports(context, reports, session, keys)
        self._handshakes = Handshakes(self._commands, keys)
        self.send = sender(self._commands)
        self.receive = message_receiver(self._reports)

    @property
    def descriptor(self) -> int:
        """It signals changes only: read all reports that have come."""
        return int(self._reports.getsockopt(zmq.FD))

    @property
    def closed(self) -> bool:
        return self._reports.closed

    def subscribe(self, topic: bytes) -> None:
        self._reports.subscribe(topic)

    def unsubscribe(self, topic: bytes) -> None:
        self._reports.unsubscribe(topic)

    def failures(self) -> list[str]:
        """Why handshakes have failed, each reason once."""
        return self._handshakes.take()

    def close(self) -> None:
        self._handshakes.close()
        self._commands.close()
        self._reports.close()
