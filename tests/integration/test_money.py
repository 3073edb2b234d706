"""Money over HTTP with a real matcher: two accounts trade, and every balance is as counted by hand."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

from tests.e2e.follower import Follower
from tests.exchange import ROOT, Exchange, Json
from tests.integration.order_calls import order, place, problem


def deposit(exchange: Exchange, account: str, asset: str, amount: str, transfer_id: str) -> Json:
    body = {"asset": asset, "amount": amount, "transfer_id": transfer_id}
    return exchange.post(f"/admin/accounts/{account}/deposit", body)


def have(exchange: Exchange, account: str) -> dict[str, tuple[str, str]]:
    """Free and locked of each asset of which the account has something."""
    return shown(exchange.get(f"/accounts/{account}/balances"))


def shown(answer: Json) -> dict[str, tuple[str, str]]:
    pairs = {balance["asset"]: (balance["free"], balance["locked"]) for balance in answer["balances"]}
    return {asset: pair for asset, pair in pairs.items() if pair != ("0", "0")}


def test_two_accounts_trade_and_every_balance_adds_up(exchange: Exchange) -> None:
    symbol = "BTC-USDT"
    assert exchange.get("/accounts/alice/balances")["ledger"] is False
    first = deposit(exchange, "alice", "BTC", "2", "start")
    assert (first["free"], first["locked"], first["duplicate"]) == ("2", "0", False)
    again = deposit(exchange, "alice", "BTC", "2.0", "start")
    assert again == {**first, "duplicate": True}
    deposit(exchange, "bob", "USDT", "100000", "start")

    # A sell locks its quantity.
    ask = place(exchange, symbol, "limit", "sell", "1", "60000", account="alice")
    assert ask["reserved"] == "1"
    assert have(exchange, "alice") == {"BTC": ("1", "1")}
    assert problem(exchange.http.post("/admin/accounts/alice/close-ledger")) == (409, "open_orders", "account")

    # The taker pays 0.5 x 60,000 and 20 basis points of it, the maker gets it less 10.
    bought = place(exchange, symbol, "limit", "buy", "0.5", "61000", account="bob")
    assert (bought["status"], bought["reserved"]) == ("filled", "0")
    assert have(exchange, "bob") == {"BTC": ("0.5", "0"), "USDT": ("69940", "0")}
    assert have(exchange, "alice") == {"BTC": ("1", "0.5"), "USDT": ("29970", "0")}
    assert exchange.get(f"/orders/{ask['order_id']}")["reserved"] == "0.5"

    # A bid locks its value and the larger fee: 0.2 x 50,000 x 1.002.
    bid = place(exchange, symbol, "limit", "buy", "0.2", "50000", account="bob")
    assert bid["reserved"] == "10020"
    assert have(exchange, "bob")["USDT"] == ("59920", "10020")

    # What cannot be paid is rejected, refused or left as it was.
    short = place(exchange, symbol, "limit", "buy", "2", "50000", account="bob")
    assert (short["status"], short["reason"]) == ("rejected", "insufficient_balance")
    amended = exchange.http.patch(f"/orders/{bid['order_id']}", json={"quantity": "2"}, params={"account": "bob"})
    assert problem(amended)[:2] == (409, "insufficient_balance")
    body = {"asset": "USDT", "amount": "59920.01", "transfer_id": "out"}
    refused = exchange.http.post("/admin/accounts/bob/withdraw", json=body)
    assert problem(refused) == (409, "insufficient_balance", "amount")
    assert "59920" in refused.json()["detail"]
    assert have(exchange, "bob")["USDT"] == ("59920", "10020")

    fine = {"asset": "USDT", "amount": "0.123456789012", "transfer_id": "fine"}
    too_fine = exchange.http.post("/admin/accounts/bob/deposit", json=fine)
    assert problem(too_fine) == (422, "invalid_amount", "amount")
    assert "11 decimals" in too_fine.json()["detail"]
    strange = {"asset": "NOPE", "amount": "1", "transfer_id": "strange"}
    unknown = exchange.http.post("/admin/accounts/bob/deposit", json=strange)
    assert problem(unknown) == (422, "unknown_asset", "asset")
    used = exchange.http.post("/admin/accounts/bob/deposit", json={**body, "transfer_id": "start"})
    assert problem(used) == (409, "transfer_id_conflict", "transfer_id")

    # A transfer begins the receiver's ledger.
    move = {"to": "carol", "asset": "USDT", "amount": "920", "transfer_id": "to-carol"}
    assert exchange.post("/admin/accounts/bob/transfer", move)["free"] == "59000"
    assert have(exchange, "carol") == {"USDT": ("920", "0")}
    to_self = exchange.http.post("/admin/accounts/bob/transfer", json={**move, "to": "bob"})
    assert problem(to_self) == (422, "same_account", "to")

    bob = exchange.get("/accounts/bob")
    assert [each["order_id"] for each in bob["open_orders"]] == [bid["order_id"]]
    assert bob["positions"] == [
        {
            "symbol": symbol,
            "quantity": "0.5",
            "average_price": "60000",
            "cost": "30000",
            "realised": "0",
            "unrealised": "0",
            "fees_paid": "60",
            "last_price": "60000",
        }
    ]
    movements = exchange.get("/accounts/bob/ledger")["movements"]
    assert [(each["kind"], each["asset"], each["amount"]) for each in movements[:1]] == [("deposit", "USDT", "100000")]
    assert {(each["kind"], each["asset"], each["amount"]) for each in movements[1:]} == {
        ("fill", "BTC", "0.5"),
        ("fill", "USDT", "-30000"),
        ("fee", "USDT", "-60"),
        ("transfer", "USDT", "-920"),
    }
    check_sums(exchange, fees="90", deposited={"BTC": "2", "USDT": "100000"})

    # A reset cancels, and counts as a withdrawal of the difference.
    reset = {"balances": {"USDT": "1000"}, "transfer_id": "anew"}
    anew = exchange.post("/admin/accounts/bob/reset", reset)
    assert (anew["canceled"], shown(anew)) == (1, {"USDT": ("1000", "0")})
    # Bob had 69,020 USDT and half a BTC.
    check_sums(exchange, fees="90", deposited={"BTC": "1.5", "USDT": "31980"})
    closed = exchange.post("/admin/accounts/bob/close-ledger")
    assert (closed["ledger"], closed["balances"]) == (False, [])
    assert exchange.get(f"/orders/{bid['order_id']}")["reserved"] is None
    assert problem(exchange.http.post("/admin/accounts/bob/withdraw", json=body)) == (409, "no_ledger", "account")
    assert exchange.get("/accounts/bob")["positions"] == []


def check_sums(exchange: Exchange, fees: str, deposited: dict[str, str]) -> None:
    sums = {each["asset"]: each for each in exchange.get("/admin/accounts")["sums"]}
    assert all(each["exact"] and each["outside"] == "0" for each in sums.values())
    assert {asset: sums[asset]["deposited"] for asset in deposited} == deposited
    assert sums["USDT"]["fees"] == fees


def test_the_page_about_money_deposits_over_zeromq(exchange: Exchange, tmp_path: Path) -> None:
    """Its example runs as it stands there, but for the addresses."""
    [program] = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "money.md").read_text(), re.MULTILINE | re.DOTALL)
    matcher = exchange.matcher
    program = program.replace("CommandClient()", f"CommandClient({matcher.commands!r}, {matcher.reports!r})")
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "TransferState(account='bob', asset='USDT', amount='100000'" in told
    assert have(exchange, "bob") == {"USDT": ("100000", "0")}


def test_pages_of_movements_and_accounts_follow_each_other(exchange: Exchange) -> None:
    for number in range(5):
        deposit(exchange, f"pupil-{number}", "USDT", "10", "start")
        deposit(exchange, "pupil-0", "BTC", "1", f"more-{number}")
    everything = exchange.get("/accounts/pupil-0/ledger")["movements"]
    first = everything[0]
    collected, cursor = [first], f"{first['sequence']}-0"
    while cursor is not None:
        page = exchange.get("/accounts/pupil-0/ledger", after=cursor, limit=2)
        collected += page["movements"]
        cursor = page["next"]
    assert collected == everything
    assert len(exchange.get("/accounts/pupil-0/ledger", asset="BTC")["movements"]) == 5
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        listed = exchange.get("/admin/accounts", limit=2, **after)
        names += [account["account"] for account in listed["accounts"]]
        if listed["next"] is None:
            break
        after = {"after": listed["next"]}
    assert names == [f"pupil-{number}" for number in range(5)]


def test_the_stream_is_the_balances_at_each_sequence(exchange: Exchange) -> None:
    random = Random(12)
    accounts = ("alice", "bob")
    asked: dict[str, dict[int, dict[str, tuple[str, str]]]] = {account: {} for account in accounts}
    with Follower(exchange, "alice") as alice, Follower(exchange, "bob") as bob:
        for number in range(60):
            account = random.choice(accounts)
            if number < 4 or random.random() < 0.1:
                deposit(exchange, accounts[number % 2], ("BTC", "USDT")[number // 2 % 2], "1000", f"d-{number}")
            elif random.random() < 0.2:
                exchange.delete("/orders", account=account)
            else:
                side = random.choice(("buy", "sell"))
                price, quantity = str(random.randrange(98, 103)), f"0.{random.randrange(1, 10)}"
                exchange.post("/orders", order("BTC-USDT", "limit", side, quantity, price, account=account))
            for name in accounts:
                told = exchange.get(f"/accounts/{name}/balances")
                asked[name][told["sequence"]] = shown(told)
        for follower in (alice, bob):
            last = deposit(exchange, follower.account, "USDT", "1", "last")["sequence"]
            history: list[tuple[int, dict[str, tuple[str, str]]]] = []
            while not follower.knows(last):
                message = follower.read()
                history.append((message["sequence"], without_zeros(follower)))
            for sequence, balances in asked[follower.account].items():
                known = [state for at, state in history if at <= sequence]
                assert known[-1] == balances, (follower.account, sequence)
            assert len(follower.changes) > 20
            assert follower.starts == 1


def without_zeros(follower: Follower) -> dict[str, tuple[str, str]]:
    return {asset: pair for asset, pair in (follower.balances or {}).items() if pair != ("0", "0")}


def test_the_faucet_gives_once_a_day(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=("--faucet", "USDT:100000,BTC:1")) as exchange:
        assert exchange.get("/health")["faucet"] == {"USDT": "100000", "BTC": "1"}
        first = exchange.post("/accounts/alice/faucet")
        assert (shown(first), first["duplicate"]) == ({"BTC": ("1", "0"), "USDT": ("100000", "0")}, False)
        exchange.matcher.kill()
        exchange.restart_matcher()
        second = exchange.post("/accounts/alice/faucet")
        assert (second["balances"], second["duplicate"]) == (first["balances"], True)
        ids = [each["transfer_id"] for each in exchange.get("/accounts/alice/ledger")["movements"]]
        assert ids == [f"faucet-{first['timestamp'][:10]}", f"faucet-{first['timestamp'][:10]}:BTC"]
