"""One stream inside this worker: the work is done once for all sockets that read it."""

from typing import TYPE_CHECKING

from gateway.binance.sockets.client import SocketClient, Told
from gateway.http.closing import CloseFrame

if TYPE_CHECKING:
    from gateway.binance.streams.names import Named


class StreamClient(SocketClient):
    """combined: whether it hears the name of a stream with each event."""

    def __init__(self, unit: int, *, combined: bool) -> None:
        super().__init__(unit)
        self.combined = combined


class Reader:
    """A socket that reads a stream, by the name with which it has subscribed."""

    __slots__ = ("client", "name")

    def __init__(self, client: StreamClient, name: str) -> None:
        self.client = client
        self.name = name

    def hear(self, told: Told) -> None:
        """An event that must arrive."""
        self.client.offer(told.packet(self.name if self.client.combined else None, self.client.unit))

    def hear_state(self, told: Told) -> None:
        """A state. It takes the place of an earlier one that still waits."""
        packet = told.packet(self.name if self.client.combined else None, self.client.unit)
        self.client.offer_state(self.name, packet)


class StreamChannel:
    """named: what it tells, where a hub knows it by that.

    holds: those who wait until it has begun.
    """

    def __init__(self) -> None:
        self.named: Named | None = None
        self.readers: set[Reader] = set()
        self.holds = 0

    async def begun(self) -> None:
        """Wait until readers miss nothing from now on. Fails as the link."""

    def begin(self, reader: Reader) -> None:
        """The reader has just come. Streams of states tell it the present one."""

    def close(self) -> None:
        """Nobody reads it any more."""

    def end(self, frame: CloseFrame) -> None:
        """What was told does not hold any more, or not all of it can be told."""
        for reader in self.readers:
            reader.client.end(frame)

    def _tell(self, told: Told) -> None:
        for reader in self.readers:
            reader.hear(told)

    def _tell_state(self, told: Told) -> None:
        for reader in self.readers:
            reader.hear_state(told)
