"""docker-compose.cluster.yml as it stands, without an engine: who is who, who reaches whom, and what each is set to."""

import re
from typing import Any

import pytest

import gateway.config
import matcher.config
from matching_exchange.tools.cluster.etcd import SETTINGS
from tests.compose.containers import ROOT

yaml = pytest.importorskip("yaml")

ETCD = ("etcd-0", "etcd-1", "etcd-2")
MATCHERS = ("matcher-0", "matcher-1", "matcher-2")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.cluster.yml").read_text())["services"]
    return found


def test_three_servers_of_the_log_three_matchers_and_a_gateway(services: dict[str, Any]) -> None:
    assert services.keys() == {"keys", *ETCD, *MATCHERS, "gateway"}


def test_each_matcher_has_its_own_number_and_directory_and_all_have_one_log(services: dict[str, Any]) -> None:
    environments = [services[name]["environment"] for name in MATCHERS]
    assert [each["MATCHER_NODE"] for each in environments] == [0, 1, 2]
    assert {each["MATCHER_LOG"] for each in environments} == {
        "etcd://" + ",".join(f"{name}:2379" for name in ETCD) + "/exchange"
    }
    assert {each["MATCHER_PEERS"] for each in environments} == {",".join(f"{name}:5555" for name in MATCHERS)}
    for name in (*MATCHERS, *ETCD):
        assert services[name]["volumes"][0].startswith(f"{name}:/"), "nobody shares its directory"
    assert not any("MATCHER_SYNC" in each for each in environments), "a replicated log is always synced"


def test_the_gateway_finds_the_leader_among_all_matchers(services: dict[str, Any]) -> None:
    environment = services["gateway"]["environment"]
    assert environment["GATEWAY_MATCHERS"] == services["matcher-0"]["environment"]["MATCHER_PEERS"]
    assert not {"GATEWAY_COMMANDS", "GATEWAY_MARKET_DATA", "GATEWAY_REPORTS"} & environment.keys()


def test_each_variable_is_a_setting(services: dict[str, Any]) -> None:
    for name, config in (("matcher-0", matcher.config), ("gateway", gateway.config)):
        known = {setting.variable(config.PREFIX) for setting in config.SETTINGS}
        given = {each.removesuffix("_FILE") for each in services[name]["environment"]}
        own = {each for each in given if each.startswith(f"{config.PREFIX}_")}
        assert own - {each.removesuffix("_FILE") for each in known} == set()


def test_the_log_runs_with_the_settings_that_scripts_cluster_gives(services: dict[str, Any]) -> None:
    for name in ETCD:
        environment = services[name]["environment"]
        for setting in SETTINGS:
            flag, _, value = setting.removeprefix("--").partition("=")
            variable = "ETCD_" + flag.replace("-", "_").upper()
            assert str(environment[variable]) == (value or "true")
        assert environment["ETCD_NAME"] == name
        assert environment["ETCD_ADVERTISE_CLIENT_URLS"] == f"http://{name}:2379"
        assert f"{name}={environment['ETCD_INITIAL_ADVERTISE_PEER_URLS']}" in environment["ETCD_INITIAL_CLUSTER"]


def test_only_http_is_published_and_on_the_loopback(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:${HTTP_PORT:-8000}:8000"]}


def test_all_that_serve_have_a_health_check_bounds_and_no_privileges(services: dict[str, Any]) -> None:
    for name in (*ETCD, *MATCHERS, "gateway"):
        service = services[name]
        assert service["healthcheck"]["test"][0] == "CMD"
        assert re.fullmatch(r"\$\{[A-Z_]+:-[0-9]+g\}", service["mem_limit"])
        assert (service["read_only"], service["cap_drop"], service["restart"]) == (True, ["ALL"], "unless-stopped")
        assert service["logging"]["driver"] == "json-file"


def test_matchers_and_gateway_have_curve(services: dict[str, Any]) -> None:
    for name in MATCHERS:
        environment = services[name]["environment"]
        assert environment["MATCHER_CURVE_SECRET_FILE"] == "/keys/matcher/secret"
        assert "MATCHER_CURVE" not in environment
    assert services["gateway"]["environment"]["GATEWAY_CURVE_SERVER_FILE"] == "/keys/gateway/server"
