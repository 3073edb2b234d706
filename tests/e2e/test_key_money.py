"""Money that an account gets with its key."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.keyed import ADMIN_HEADERS, ORDER, TOKEN, Closed
from tests.exchange import PATIENCE, Json, clean_environment


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    with Closed(tmp_path_factory.mktemp("closed")) as exchange:
        yield exchange


def balances(closed: Closed, account: str) -> dict[str, str]:
    """By asset, what is free of it where anything is."""
    path = f"/admin/accounts?after={account[:-1]}&limit=1"
    listed = closed.http.get(path, headers=ADMIN_HEADERS).json()["accounts"]
    found = listed[0]["balances"] if listed and listed[0]["account"] == account else []
    return {each["asset"]: each["free"] for each in found}


def keys(closed: Closed) -> list[Json]:
    found: list[Json] = closed.http.get("/admin/keys", headers=ADMIN_HEADERS).json()["keys"]
    return found


def test_a_key_comes_with_money(closed: Closed) -> None:
    key = closed.make_key("alice1", deposit={"USDT": "10000", "BTC": 0.5})
    shown = closed.as_holder(key, "GET", "/accounts/alice1/balances").json()
    assert {each["asset"]: each["free"] for each in shown["balances"] if each["free"] != "0"} == {
        "BTC": "0.5",
        "USDT": "10000",
    }
    moved = closed.as_holder(key, "GET", "/accounts/alice1/ledger").json()["movements"]
    assert [(each["kind"], each["transfer_id"]) for each in moved] == [
        ("deposit", f"key-{key['key'][:40]}:USDT"),
        ("deposit", f"key-{key['key'][:40]}:BTC"),
    ]


@pytest.mark.parametrize(
    ("deposit", "code", "word"),
    [
        ({"USDT": "1", "DOGE": "1"}, "unknown_asset", ""),
        ({"USDT": "1", "b t c": "1"}, "unknown_asset", ""),
        ({"USDT": "0"}, "invalid_amount", "positive"),
        ({"BTC": "1", "USDT": "-1"}, "invalid_amount", "deposit"),
        ({"USDT": "1", "BTC": "0.0000000000001"}, "invalid_amount", "decimals"),
        ({f"A{number}": "1" for number in range(33)}, "invalid_value", "32"),
    ],
)
def test_an_amount_that_cannot_be_makes_no_key(closed: Closed, deposit: Json, code: str, word: str) -> None:
    before = keys(closed)
    body = {"account": "nobody1", "deposit": deposit}
    response = closed.http.post("/admin/keys", json=body, headers=ADMIN_HEADERS)
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, code, "deposit")
    assert word in response.json()["detail"]
    assert keys(closed) == before
    assert balances(closed, "nobody1") == {}


def test_a_refused_deposit_makes_no_key(closed: Closed) -> None:
    """An account whose orders lock BTC cannot begin its ledger with USDT."""
    key = closed.make_key("carol1")
    sell = {**ORDER, "side": "sell", "price": "900000"}
    assert closed.as_holder(key, "POST", "/orders", json=sell).status_code == 200
    before = {each["key"] for each in keys(closed)}
    body = {"account": "carol1", "deposit": {"USDT": "5", "BTC": "1"}}
    response = closed.http.post("/admin/keys", json=body, headers=ADMIN_HEADERS)
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (409, "open_orders", "deposit")
    assert response.json()["detail"].endswith("No key was made.")
    assert {each["key"] for each in keys(closed)} == before
    assert balances(closed, "carol1") == {}


def test_a_page_of_the_faucet_is_for_the_account_of_the_key(closed: Closed) -> None:
    key = closed.make_key("dave1", permissions=["trade"])
    assert closed.as_holder(key, "POST", "/accounts/dave1/faucet").status_code == 200
    assert balances(closed, "dave1") == {"USDT": "100000"}
    refused = closed.as_holder(key, "GET", "/accounts/dave1/balances")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


def test_the_script_deposits(closed: Closed) -> None:
    def create(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "matching_exchange.tools.keys", "create", f"--url={closed.url}", *arguments]
        environment = clean_environment({"GATEWAY_ADMIN_TOKEN": TOKEN})
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)

    done = create("--account=erin1", "--deposit=USDT=10000,BTC=0.5", "--deposit", "ETH=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert balances(closed, "erin1") == {"BTC": "0.5", "ETH": "2", "USDT": "10000"}
    before = keys(closed)
    for bad, status in (("USDT", 2), ("USDT=", 2), ("USDT=1,USDT=2", 2), ("=1", 2), ("DOGE=1", 1), ("USDT=x", 1)):
        refused = create("--account=erin1", f"--deposit={bad}")
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (status, "", 1), bad
    assert keys(closed) == before
