"""What is left of a key with money when one of its deposits fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.access import keys
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError
from protocol.commands import Deposit, RevokeKey, SetKey
from protocol.events import KeyState, TransferState
from protocol.units import Refusal
from tests.unit.gateway.fakes import TIMESTAMP, Gateway

PUBLIC = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).public_key()
PEM = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
BODY = {"account": "alice", "type": "ed25519", "public_key": PEM, "deposit": {"USDT": "10", "BTC": "0.5"}}


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr(keys, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr(keys, "SLACK_SECONDS", 0.0)
    made: list[KeyState] = []

    def set_key(command: SetKey) -> KeyState:
        made.append(KeyState(command.key, TIMESTAMP))
        return made[-1]

    with Gateway() as gateway:
        gateway.broker.answers |= {SetKey: set_key, RevokeKey: lambda _: made[-1]}
        yield gateway


def fail(gateway: Gateway, asset: str, error: Exception) -> None:
    """Let the deposit of this asset fail."""

    def answer(command: Deposit) -> Any:
        if command.asset == asset:
            return error
        return TransferState(
            command.account,
            command.asset,
            command.amount,
            command.transfer_id,
            free="1",
            locked="0",
            duplicate=False,
            sequence=7,
            timestamp=TIMESTAMP,
        )

    gateway.broker.answers[Deposit] = answer


def sent(gateway: Gateway) -> list[str]:
    return [type(command).__name__ for command in gateway.broker.commands]


def test_the_key_is_there_before_its_money(gateway: Gateway) -> None:
    fail(gateway, "", OutcomeUnknownError(""))
    assert gateway.request("POST", "/admin/keys", BODY).status == 201
    key, *deposits = gateway.broker.commands
    assert isinstance(key, SetKey)
    name = f"key-{key.key.key[:40]}"
    assert deposits == [
        Deposit("alice", "USDT", "10", f"{name}:USDT"),
        Deposit("alice", "BTC", "0.5", f"{name}:BTC"),
    ]


@pytest.mark.parametrize(
    ("asset", "end"), [("USDT", "No key was made."), ("BTC", "No key was made. The deposit of USDT stands.")]
)
def test_a_refused_deposit_revokes_the_key_and_tells_what_stands(gateway: Gateway, asset: str, end: str) -> None:
    fail(gateway, asset, RefusedError(Refusal.OPEN_ORDERS))
    answer = gateway.request("POST", "/admin/keys", BODY)
    assert answer.problem == (409, "open_orders", "deposit")
    assert answer.json["detail"].endswith(end)
    assert sent(gateway)[-1] == "RevokeKey"


@pytest.mark.parametrize("error", [OutcomeUnknownError(""), MatcherUnavailableError("")])
@pytest.mark.parametrize("asset", ["USDT", "BTC"])
def test_without_an_answer_the_key_is_named(gateway: Gateway, asset: str, error: Exception) -> None:
    fail(gateway, asset, error)
    answer = gateway.request("POST", "/admin/keys", BODY)
    assert answer.problem[:2] == (504, "outcome_unknown")
    command = gateway.broker.commands[0]
    assert isinstance(command, SetKey)
    assert command.key.key in answer.json["detail"]
    assert "RevokeKey" not in sent(gateway)


def test_an_amount_that_cannot_be_sends_nothing(gateway: Gateway) -> None:
    for deposit in ({"USDT": "1", "DOGE": "1"}, {"USDT": "1", "BTC": "0.000001"}, {"USDT": "0"}):
        assert gateway.request("POST", "/admin/keys", {**BODY, "deposit": deposit}).status == 422
    assert gateway.broker.commands == []
