"""What a node has from its start to its end, as a standby and as a leader."""

from msgspec import Struct

from matcher.node.checkpoints import Checkpoints
from matcher.node.peers import Peers
from matcher.node.telling import Telling
from matcher.node_config import NodeConfig
from matcher.replication.replay import Replay
from matcher.serving.service import Doors
from matcher.storage.crash_notes import CrashNotes
from matcher.storage.log import ReplicatedLog


class Common(Struct, frozen=True):
    """peers: hears the other nodes; None where there are none."""

    config: NodeConfig
    log: ReplicatedLog
    replay: Replay
    checkpoints: Checkpoints
    notes: CrashNotes
    doors: Doors
    telling: Telling
    peers: Peers | None = None

    def hear(self, ready: dict[object, int], now: int) -> None:
        """Take in what other nodes tell, and what the child that writes a snapshot has done."""
        self.checkpoints.turn(ready)
        if self.peers is not None:
            pulses = self.peers.take(ready)
            if pulses:
                self.checkpoints.heard(pulses, now)
