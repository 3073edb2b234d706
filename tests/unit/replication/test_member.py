"""When a node elects itself, and how long a leader answers queries. Times are in milliseconds from the node's start."""

import random

import pytest

from matcher.replication.member import Member, RewoundLogError, Role, Step
from matcher.replication.timings import MILLISECOND, silence_of
from matcher.storage.log import Appended, HeadAnswer

START = 50_000 * MILLISECOND


def at(milliseconds: float) -> int:
    return START + int(milliseconds * MILLISECOND)


def answer(position: int | None, asked: float, answered: float) -> HeadAnswer:
    return HeadAnswer(position, at(asked), at(answered))


def standby(rank: int = 0, applied: int = 10) -> Member:
    return Member(rank, applied, START)


def asks(member: Member, milliseconds: float) -> None:
    assert member.work(at(milliseconds)) is Step.ASK
    member.asked(at(milliseconds))


def leader(begun: float = 0, position: int = 11) -> Member:
    member = standby()
    member.electing()
    member.elected(Appended(position, 1, at(begun)))
    return member


def test_it_elects_itself_after_its_silence_where_the_log_ends_at_what_it_has() -> None:
    member = standby()
    assert (member.work(at(299)), member.due()) == (None, at(300))
    asks(member, 300)
    member.head(answer(10, 300, 301))
    assert (member.work(at(449)), member.due()) == (None, at(450))
    asks(member, 450)
    member.head(answer(10, 450, 451))
    assert (member.work(at(599)), member.due()) == (None, at(600))
    assert member.work(at(600)) is Step.ELECT
    member.electing()
    assert (member.role, member.work(at(700)), member.due()) == (Role.ELECTING, None, None)
    member.elected(Appended(11, 1, at(600)))
    assert (member.role, member.applied) == (Role.LEADER, 11)


@pytest.mark.parametrize(("rank", "silence"), [(0, 600), (1, 780), (2, 960)])
def test_further_ranks_wait_longer(rank: int, silence: int) -> None:
    member = standby(rank)
    assert silence_of(rank) == silence * MILLISECOND
    member.asked(at(silence - 20))
    member.head(answer(10, silence - 20, silence - 10))
    assert member.work(at(silence - 1)) is None
    assert member.work(at(silence)) is Step.ELECT


def test_a_record_begins_the_silence_anew() -> None:
    member = standby()
    asks(member, 590)
    member.received(11, at(595))
    member.head(answer(11, 590, 596))
    assert member.work(at(600)) is None
    assert member.due() == at(895)


def test_it_does_not_lead_while_the_log_goes_on_behind_what_it_has() -> None:
    member = standby()
    asks(member, 590)
    member.head(answer(12, 590, 591))
    assert member.work(at(600)) is None
    assert member.due() == at(740)


def test_an_old_answer_shows_nothing() -> None:
    member = standby()
    asks(member, 300)
    member.head(answer(10, 300, 301))
    assert member.work(at(5000)) is Step.ASK


def test_the_incumbent_comes_first_after_the_log_was_away() -> None:
    member = standby()
    asks(member, 300)
    member.head(answer(None, 300, 700))
    asks(member, 700)
    member.head(answer(10, 700, 705))
    asks(member, 855)
    member.head(answer(10, 855, 856))
    assert (member.work(at(1004)), member.due()) == (None, at(1005))
    assert member.work(at(1005)) is Step.ELECT


def test_an_answer_that_took_long_shows_that_the_log_was_away() -> None:
    member = standby()
    asks(member, 390)
    member.head(answer(10, 390, 591))
    asks(member, 600)
    member.head(answer(10, 600, 601))
    asks(member, 750)
    member.head(answer(10, 750, 751))
    assert member.work(at(890)) is None
    assert member.work(at(891)) is Step.ELECT


def test_a_log_that_stays_slow_gets_a_leader() -> None:
    member = standby()
    now = 300
    while now < 3000:
        step = member.work(at(now))
        if step is Step.ELECT:
            return
        assert step is Step.ASK
        member.asked(at(now))
        member.head(answer(10, now, now + 250))
        now += 250
    pytest.fail("nobody leads")


def test_a_log_that_ends_before_what_was_received_is_refused() -> None:
    member = standby()
    asks(member, 300)
    member.received(11, at(301))
    member.head(answer(10, 300, 302))
    asks(member, 700)
    with pytest.raises(RewoundLogError, match="the log ends at position 10, this node has received it up to 11: "):
        member.head(answer(10, 700, 701))


def test_after_a_refused_election_it_follows_on() -> None:
    member = standby()
    asks(member, 590)
    member.head(answer(10, 590, 591))
    assert member.work(at(600)) is Step.ELECT
    member.electing()
    member.not_elected()
    assert (member.role, member.work(at(740))) == (Role.STANDBY, Step.ASK)
    member.asked(at(740))
    member.received(11, at(741))
    assert member.work(at(742)) is None


def test_a_handover_needs_no_silence() -> None:
    member = standby(rank=2)
    member.received(11, at(1000))
    member.handed_over(at(1000))
    assert (member.due(), member.work(at(1000))) == (at(1000), Step.ELECT)


def test_what_follows_a_handover_is_waited_for_as_ever() -> None:
    member = standby()
    member.received(11, at(1000))
    member.handed_over(at(1000))
    member.received(12, at(1001))
    assert member.work(at(1002)) is None
    assert member.due() == at(1301)


def test_a_leader_beats_when_it_has_appended_nothing_for_a_while() -> None:
    member = leader()
    assert (member.work(at(149)), member.due()) == (None, at(150))
    assert member.work(at(150)) is Step.BEAT
    member.begun(at(150))
    assert (member.work(at(500), append_under_way=True), member.due(append_under_way=True)) == (None, None)
    member.committed(Appended(12, 1, at(150)))
    assert (member.work(at(299)), member.work(at(300))) == (None, Step.BEAT)


def test_a_leader_answers_queries_for_300_ms_from_the_begin_of_its_last_committed_append() -> None:
    member = leader(begun=0)
    assert (member.may_answer(at(299)), member.may_answer(at(300))) == (True, False)
    member.begun(at(290))
    assert not member.may_answer(at(300)), "what is not committed shows nothing"
    member.committed(Appended(12, 1, at(290)))
    assert (member.may_answer(at(589)), member.may_answer(at(590))) == (True, False)


def test_who_does_not_lead_answers_no_query() -> None:
    assert not standby().may_answer(START)
    member = leader()
    member.fenced()
    assert (member.role, member.may_answer(at(1)), member.work(at(900)), member.due()) == (
        Role.DEPOSED, False, None, None,
    )  # fmt: skip


def test_a_leader_that_hands_over_answers_no_query_any_more() -> None:
    member = leader()
    member.resign()
    assert not member.may_answer(at(1))
    member.begun(at(2))
    member.committed(Appended(12, 1, at(2)))
    assert not member.may_answer(at(3)), "the next leader waits for no silence"


def test_the_next_leader_comes_after_the_lease() -> None:
    """Whatever the standby does, and however early it has the record: its silence is longer than the lease."""
    for rank in range(4):
        member = standby(rank)
        begun = 1000
        member.received(11, at(begun))
        now = begun
        while member.work(at(now)) is not Step.ELECT:
            if member.work(at(now)) is Step.ASK:
                member.asked(at(now))
                member.head(answer(11, now, now))
            now += 1
        assert now >= begun + 600


@pytest.mark.parametrize("seed", range(200))
def test_due_says_when_there_is_work(seed: int) -> None:
    """Before it `work` has nothing, and when it has come `work` has something: the owner neither sleeps nor spins."""
    rng = random.Random(seed)
    member = standby(rng.randrange(3))
    now = START
    asked: int | None = None
    for _ in range(200):
        due = member.due()
        happens = now + rng.randrange(1, 500 * MILLISECOND)
        if due is not None and due <= happens:
            assert member.work(due - 1) is None or due <= now
            now = max(now, due) if rng.random() < 0.9 else happens
            step = member.work(now)
            if step is None:
                assert (after := member.due()) is None or after > now
            elif step is Step.ASK:
                asked = now
                member.asked(now)
            else:
                member.electing()
                assert member.due() is None
                member.not_elected()
            continue
        now = happens
        if asked is not None and rng.random() < 0.7:
            member.head(HeadAnswer(rng.choice((None, member.applied, member.applied + 1)), asked, now))
            asked = None
        else:
            member.received(member.applied + 1, now)
