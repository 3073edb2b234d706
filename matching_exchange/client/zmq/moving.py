"""The sockets of a client go with the leader of a replicated log. With one matcher they stay where they are."""

from collections.abc import Callable

from matching_exchange.client.zmq.addresses import Addresses
from protocol.bases import Endpoints
from protocol.events import Pulse
from protocol.leader import Leadership
from protocol.leader_watch import LeaderWatch
from protocol.sockets import Context, Socket, move

Go = Callable[[Endpoints, Endpoints], None]
"""Takes where the leader was, and where it is."""


def commands_of(socket: Socket) -> Go:
    """What moves a socket for commands."""
    return lambda before, now: move(socket, before.commands, now.commands)


def reports_of(socket: Socket) -> Go:
    return lambda before, now: move(socket, before.reports, now.reports)


def market_data_of(socket: Socket) -> Go:
    return lambda before, now: move(socket, before.market_data, now.market_data)


class Moving:
    """addresses: of the matcher, or of the node that leads. leadership: what is known of the nodes; None for one
    matcher. descriptors: those that tell of news, once it is open."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self.leadership = Leadership() if addresses.nodes else None
        self.descriptors: list[int] = []
        self._watch: LeaderWatch | None = None
        self._goes: list[Go] = []

    def open(self, context: Context) -> None:
        """Begin to hear the nodes."""
        if self.leadership is not None:
            self._watch = LeaderWatch(context, self.addresses.nodes, self.addresses.keys, self.leadership)
            self.descriptors = self._watch.descriptors

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def add(self, go: Go) -> None:
        """Call this at each move."""
        self._goes.append(go)

    def look(self, now: float) -> Pulse | None:
        """Go to the node that leads, if that is another one now, and return its pulse. From one thread at a time."""
        moved = None if self._watch is None else self._watch.look(now)
        if moved is None:
            return None
        self.addresses = self.addresses.at(moved.now)
        for go in self._goes:
            go(moved.before, moved.now)
        return moved.pulse
