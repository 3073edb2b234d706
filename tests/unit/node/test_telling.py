"""What a node warns of in its pulses."""

from pathlib import Path

from protocol.node import NodePulse, NodeRole
from tests.memory_nodes import MemoryNode
from tests.replicated_log import FakeClock, SharedLog


def test_a_leader_does_not_warn_of_its_own_time(tmp_path: Path) -> None:
    node = MemoryNode(tmp_path / "a", SharedLog(), FakeClock())
    # The leader before had another clock.
    node.common.telling.note_skew(0, 10_000_000_000)
    node.elect()
    node.step()
    pulses = [report for report in node.said() if isinstance(report, NodePulse)]
    warned = {pulse.role: pulse.warnings for pulse in pulses}
    assert "10000 ms behind" in warned[NodeRole.STANDBY][0]
    assert warned[NodeRole.LEADER] == []
    node.close()
