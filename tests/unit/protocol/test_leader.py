"""Which node leads, by what its clients hear."""

from protocol.codec import decode_report, encode
from protocol.commands import VERSION
from protocol.leader import MAX_APPEND, NOBODY, SILENCE, Leadership
from protocol.node import NodePulse, NodeRole
from protocol.reports import Pulse

A, B = 0, 1


def pulse(epoch: int) -> Pulse:
    return Pulse(VERSION, epoch, "log", 0)


def told(epoch: int, waiting: int = 0, role: NodeRole = NodeRole.LEADER) -> NodePulse:
    return NodePulse(VERSION, 0, role, epoch, 1, 1, 1, waiting, 0, "", "log", "etcd://a:2379/x", [])


def test_nobody_leads_before_the_first_pulse() -> None:
    group = Leadership()
    group.hear_node(A, told(5))
    assert group.node == NOBODY
    assert not group.takes_commands(0.0)


def test_the_highest_epoch_leads_and_a_lower_one_never_again() -> None:
    group = Leadership()
    assert group.hear(A, pulse(5), 0.0)
    assert group.hear(B, pulse(9), 0.1)
    assert (group.node, group.epoch) == (B, 9)
    assert not group.hear(A, pulse(5), 0.2), "a leader that has slept"
    assert not group.hear(A, pulse(5), 100.0), "and the new one is away"
    assert (group.node, group.epoch) == (B, 9)
    assert not group.takes_commands(100.0)
    assert group.hear(B, pulse(9), 100.1)
    assert group.takes_commands(100.2)


def test_an_epoch_belongs_to_one_node() -> None:
    group = Leadership()
    assert group.hear(A, pulse(5), 0.0)
    assert not group.hear(B, pulse(5), 0.1)
    assert group.node == A


def test_a_silent_leader_takes_no_commands() -> None:
    group = Leadership()
    group.hear(A, pulse(5), 10.0)
    assert group.takes_commands(10.0 + SILENCE - 0.01)
    assert not group.takes_commands(10.0 + SILENCE)
    assert not group.is_heard(10.0 + SILENCE)


def test_a_leader_whose_append_waits_takes_no_commands() -> None:
    group = Leadership()
    group.hear(A, pulse(5), 10.0)
    group.hear_node(A, told(5, MAX_APPEND))
    assert group.takes_commands(10.1)
    group.hear_node(A, told(5, MAX_APPEND + 1))
    assert not group.takes_commands(10.1)
    assert group.is_heard(10.1)
    group.hear_node(B, told(5, 0))
    group.hear_node(A, told(4, 0))
    group.hear_node(A, told(5, 0, NodeRole.STANDBY))
    assert not group.takes_commands(10.1), "others tell nothing of its append"
    group.hear_node(A, told(5, 0))
    assert group.takes_commands(10.1)


def test_the_wait_of_an_old_leader_is_not_the_new_ones() -> None:
    group = Leadership()
    group.hear(A, pulse(5), 10.0)
    group.hear_node(A, told(5, 2 * MAX_APPEND))
    group.hear(B, pulse(6), 10.1)
    assert group.takes_commands(10.2)


def test_what_a_node_tells_crosses_the_wire() -> None:
    assert decode_report(encode(told(7, 3))) == told(7, 3)
