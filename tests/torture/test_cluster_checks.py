"""What the torture of a cluster finds: answers from the past, takeovers, silences, and the arguments that it takes."""

import json

import pytest

from matcher.storage.log import Kind, Logged, Record
from matching_exchange.tools.cluster.group import held_commands
from matching_exchange.tools.torture import __main__ as command
from matching_exchange.tools.torture.cluster.command import DEFAULTS, wanted
from matching_exchange.tools.torture.cluster.report import ClusterReport, KindReport, Times, times
from matching_exchange.tools.torture.cluster.run import silences, takeovers
from matching_exchange.tools.torture.cluster.striker import Strike
from matching_exchange.tools.torture.cluster.witness import Known, Seen, stale
from matching_exchange.tools.torture.evidence import Key, Told
from matching_exchange.tools.torture.promises import Promise

SECOND = 1_000_000_000


def test_an_answer_that_lacks_what_somebody_had_been_told_before_is_of_the_past() -> None:
    told = [Known(10.0, 50, 5 * SECOND)]
    assert stale([Seen(0, 9.9, 10.5, 49, 4 * SECOND)], told) == [], "it was asked before"
    assert stale([Seen(0, 10.1, 10.5, 50, 5 * SECOND)], told) == []
    [fault] = stale([Seen(2, 10.1, 10.5, 49, 5 * SECOND)], told)
    assert fault.startswith("node 2 answered a query as of sequence 49")
    assert stale([Seen(2, 10.1, 10.5, 50, 4 * SECOND)], told), "its time has gone back"


def test_an_answer_of_another_node_counts_as_told() -> None:
    new, old = Seen(1, 10.0, 10.1, 70, 7 * SECOND), Seen(0, 10.2, 10.3, 60, 6 * SECOND)
    assert len(stale([new, old], [])) == 1
    assert stale([new, Seen(0, 10.05, 10.3, 60, 6 * SECOND)], []) == [], "it was asked before the other one answered"


def placed(name: str, sequence: int, returned: float) -> Told:
    order = {"sequence": str(sequence), "timestamp": "1970-01-01T00:00:10.000Z"}
    return Told(Key("place", "a", name), returned - 0.01, returned, 0, 0, 200, json.dumps(order).encode())


def logged(position: int, kind: Kind, sequence: int, time: int) -> Logged:
    return Logged(position, 0, Record(sequence, time, [], kind, time))


RECORDS = [
    logged(1, Kind.EPOCH, 1, 1 * SECOND),
    logged(2, Kind.BATCH, 1, 2 * SECOND),
    logged(3, Kind.EPOCH, 3, 11 * SECOND),
    logged(4, Kind.BEAT, 3, 11 * SECOND),
    logged(5, Kind.BATCH, 3, 12 * SECOND),
]


def test_a_takeover_lasts_until_an_order_of_the_next_epoch_is_answered() -> None:
    strike = Strike("kill", 0, 10 * SECOND, 100.0)
    told = [placed("a-1", 2, 100.02), placed("a-2", 3, 101.5), placed("a-3", 4, 101.2)]
    assert [(each, round(took)) for each, took in takeovers([strike], RECORDS, told)] == [(strike, 1200)]


def test_a_takeover_counts_from_when_the_log_has_a_majority_again() -> None:
    strike = Strike("partition", 0, 10 * SECOND, 100.0, possible=100.9)
    [(_, took)] = takeovers([strike], RECORDS, [placed("a-2", 3, 101.5)])
    assert round(took) == 600


def test_a_strike_without_an_epoch_is_no_takeover() -> None:
    assert takeovers([Strike("partition", 0, 12 * SECOND, 102.0)], RECORDS, [placed("a-1", 3, 103.0)]) == []


def test_an_epoch_after_the_next_strike_belongs_to_that_one() -> None:
    first, second = Strike("kill", 0, 3 * SECOND, 93.0), Strike("kill", 1, 10 * SECOND, 100.0)
    found = takeovers([first, second], RECORDS, [placed("a-1", 3, 101.0)])
    assert [each for each, _ in found] == [second]


def test_the_longest_silence_of_a_strike_ends_behind_it_and_before_the_next() -> None:
    told = [placed(f"a-{at}", number, at) for number, at in enumerate((1.0, 2.0, 5.0, 5.5, 9.5, 10.0))]
    strikes = [Strike("kill", 0, 0, 2.5), Strike("kill", 0, 0, 6.0)]
    assert [round(each) for each in silences(strikes, told)] == [3000, 4000]


def test_times_tell_median_99th_percentile_and_the_most() -> None:
    assert times([]) is None
    assert times([float(each) for each in range(100, 200)]) == Times(100, 150, 199, 199)


def test_what_a_refused_leader_had_applied_is_read_from_its_last_line() -> None:
    line = '{"applied": %d, "event": "another node leads: nothing more is answered", "level": "critical"}\n'
    assert held_commands(line % 7 + line % 12 + '{"event": "matcher stopped"}\n') == 12
    assert held_commands("") == 0


def test_a_kind_that_is_asked_for_runs_alone() -> None:
    assert wanted(command.parse(["--cluster"])) == DEFAULTS
    found = wanted(command.parse(["--cluster", "--kills", "3", "--both", "1"]))
    assert found == {"kill": 3, "pause": 0, "both": 1, "partition": 0}


@pytest.mark.parametrize("flag", ["--pauses", "--both", "--partitions", "--seconds"])
def test_what_needs_a_cluster_says_so(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([flag, "1"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"torture: {flag} needs --cluster\n"


def test_a_cluster_takes_no_setting_of_syncs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--cluster", "--sync", "always"])
    assert capsys.readouterr().err == "torture: --sync: a replicated log is always synced\n"


def test_one_broken_promise_of_one_kind_makes_the_run_unsound() -> None:
    def kind(*promises: Promise) -> KindReport:
        return KindReport("leader killed", 1, 1, 1.0, 10, 0, 1, 9, None, None, 0, 0, 0, [], 5, list(promises), {}, {})

    kept = kind(Promise("lost"), Promise("doubled"))
    assert ClusterReport(8, [kept], []).sound
    assert not ClusterReport(8, [kept, kind(Promise("lost", 1, ["order 7"]))], []).sound
