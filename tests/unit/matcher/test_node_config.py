"""The settings of one of the matchers that share a log."""

import pytest

from matcher.config import read_config

LOG = "--log=etcd://127.0.0.1:2379/exchange"


def test_local_matcher_is_no_node() -> None:
    config = read_config(["--node=3", "--peers=a:5555"], {})
    assert config.node is None
    assert config.commands == "tcp://127.0.0.1:5555"


def test_base_sets_the_four_endpoints_but_those_that_are_set_themselves() -> None:
    config = read_config([LOG, "--base=127.0.0.1:7000"], {"MATCHER_REPORTS": "tcp://127.0.0.1:9002"})
    assert config.node is not None
    endpoints = (config.commands, config.market_data, config.reports, config.node.snapshots)
    assert endpoints == tuple(f"tcp://127.0.0.1:{port}" for port in (7000, 7001, 9002, 7003))


def test_endpoint_that_is_set_to_its_default_stands_beside_a_base() -> None:
    config = read_config([LOG, "--base=127.0.0.1:7000"], {"MATCHER_COMMANDS": "tcp://127.0.0.1:5555"})
    assert config.commands == "tcp://127.0.0.1:5555"


def test_peers_name_all_nodes_and_the_others_are_known() -> None:
    config = read_config([LOG, "--base=10.0.0.2:5555", "--peers=10.0.0.1:5555, 10.0.0.2:5555", "--curve=off"], {})
    assert config.node is not None
    assert [others.reports for others in config.node.others] == ["tcp://10.0.0.1:5557"]


@pytest.mark.parametrize("given", [{"MATCHER_SYNC": "always"}, {"MATCHER_SYNC": "off"}])
def test_sync_beside_a_replicated_log_is_refused(given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_config([LOG], given)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("matcher: MATCHER_SYNC (--sync): takes nothing beside MATCHER_LOG (--log)")
    assert error.count("\n") == 1
