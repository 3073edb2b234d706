"""`python -m matcher.handover NODE`: lets another node of a replicated log lead.

The leader answers what it has taken, appends a Handover and ends. That node leads at once. The exit status is 0 once it
does.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from os import environ
from typing import Final

import msgspec
import zmq

from matcher.config import PREFIX, SETTINGS
from matcher.node_config import PEERS
from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.settings import bounded, read_value
from matching_exchange.process.settings_file import read_settings_file
from protocol import topics
from protocol.bases import Endpoints, base_endpoints
from protocol.codec import decode_report, encode
from protocol.commands import VERSION
from protocol.curve import ClientKeys, public_key
from protocol.node import NodePulse, NodeRole
from protocol.node_frames import MAX_NODE, HandOver
from protocol.sockets import Context, Socket, message_receiver, open_commands, open_updates

PROGRAM: Final = "handover"

HEARD_SECONDS: Final = 3.0
"""A standby tells of itself each second."""

LEADS_SECONDS: Final = 10.0

SEND_EVERY: Final = 0.5


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Ends the process with one line if that node does not lead in the end."""
    parser = Parser(
        PROGRAM,
        "Let another matcher of a replicated log lead. The leader ends; its supervisor starts it again as a standby.",
        f"Settings: {PREFIX}_PEERS, and {PREFIX}_CURVE_SECRET where the matchers have one.",
    )
    parser.add_argument("node", metavar="NODE", help=f"MATCHER_NODE of the one that is to lead, from 0 to {MAX_NODE}")
    options = parser.parse_args(arguments)
    try:
        node = bounded(0, MAX_NODE)(options.node)
    except ValueError:
        end_with_line(PROGRAM, f"NODE: {options.node!r}: takes a whole number from 0 to {MAX_NODE}")
    file = read_settings_file(PROGRAM, None, environment)
    needed = [setting for setting in SETTINGS if setting.name in ("peers", "curve-secret")]
    values = {setting.key: read_value(PROGRAM, PREFIX, setting, None, environment, file) for setting in needed}
    if not values["peers"]:
        end_with_line(PROGRAM, f"{PEERS.variable(PREFIX)}: takes {PEERS.takes}")
    secret = values["curve_secret"]
    keys = ClientKeys(public_key(secret), secret) if secret else None
    with ExitStack() as stack:
        group = Group(stack, [base_endpoints(peer) for peer in values["peers"]], keys)
        fault = hand_over(group, node)
    if fault:
        end_with_line(PROGRAM, fault, EXIT_FAILED)
    print(f"node {node} leads")
    return 0


class Group:
    """The nodes at these endpoints. `heard` is what each has told last, by its number."""

    def __init__(self, stack: ExitStack, nodes: Sequence[Endpoints], keys: ClientKeys | None) -> None:
        self.heard: dict[int, NodePulse] = {}
        context: Context = stack.enter_context(zmq.Context())
        self._poller = zmq.Poller()
        self._receivers: dict[Socket, Callable[[], list[bytes]]] = {}
        self._commands: list[Socket] = []
        for endpoints in nodes:
            reports = stack.enter_context(open_updates(context, endpoints.reports, keys))
            reports.subscribe(topics.NODES)
            self._poller.register(reports, zmq.POLLIN)
            self._receivers[reports] = message_receiver(reports)
            self._commands.append(stack.enter_context(open_commands(context, endpoints.commands, keys)))

    def listen(self, until: float) -> None:
        """Hear one more of them, or wait until then."""
        for socket, _ in self._poller.poll(max(0, int((until - time.monotonic()) * 1000))):
            parts = self._receivers[socket]()
            try:
                report = decode_report(parts[-1])
            except msgspec.MsgspecError:
                continue
            if isinstance(report, NodePulse):
                self.heard[report.node] = report

    @property
    def leader(self) -> NodePulse | None:
        """Who leads, as far as is known."""
        leaders = [pulse for pulse in self.heard.values() if pulse.role is NodeRole.LEADER]
        return max(leaders, key=lambda pulse: pulse.epoch, default=None)

    def send(self, frame: HandOver) -> None:
        """To all that are connected: only the leader heeds it."""
        payload = encode(frame)
        for socket in self._commands:
            try:
                socket.send(payload, zmq.NOBLOCK)
            except zmq.Again:
                continue


def hand_over(group: Group, node: int) -> str:
    """Let the node lead. Returns why it does not; empty once it does."""
    until = time.monotonic() + HEARD_SECONDS
    while time.monotonic() < until and (group.leader is None or node not in group.heard):
        group.listen(until)
    before = group.leader
    if before is None:
        return "no node leads: nothing is handed over"
    if node not in group.heard:
        return f"node {node} is not heard: nothing is handed over"
    leader: NodePulse | None = before
    until = time.monotonic() + LEADS_SECONDS
    send_at = 0.0
    while time.monotonic() < until:
        if leader is not None and leader.node == node:
            return ""
        if leader is not None and leader.epoch > before.epoch:
            return f"node {leader.node} leads, and not node {node}"
        if time.monotonic() >= send_at:
            group.send(HandOver(VERSION, 0, node))
            send_at = time.monotonic() + SEND_EVERY
        group.listen(min(until, send_at))
        leader = group.leader
    return f"node {node} does not lead after {LEADS_SECONDS:g} seconds"


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], environ))
