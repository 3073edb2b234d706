"""An exchange that asks for keys, and what holds one."""

import base64
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.sync.client import ClientConnection, connect

from tests.exchange import PATIENCE, Exchange, Gateway, Json, ending

TOKEN = "a-long-and-secret-word"
ADMIN_HEADERS = {"Authorization": f"Bearer {TOKEN}"}
ORDER = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.1", "price": "100"}

ENVIRONMENT = {"GATEWAY_AUTH": "keys", "GATEWAY_FAUCET": "USDT:100000", "GATEWAY_ADMIN_TOKENS": f"ann:{TOKEN}"}


class Closed(Exchange):
    """An exchange that asks for keys."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.key_file = directory / "keys" / "server.key"
        flags = (f"--key-file={self.key_file}", *flags)
        super().__init__(directory, gateway_flags=flags, gateway_environment=ENVIRONMENT)

    def __enter__(self) -> "Closed":
        super().__enter__()
        return self

    def make_key(self, account: str, **more: Any) -> Json:
        response = self.http.post("/admin/keys", json={"account": account, **more}, headers=ADMIN_HEADERS)
        assert response.status_code == 201, response.text
        key: Json = response.json()
        return key

    def as_holder(self, key: Json, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, path, headers=bearer(key), **more)


def bearer(key: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}.{key['secret']}"}


def open_user_stream(gateway: Gateway, query: str = "", **more: Any) -> ClientConnection:
    stream: ClientConnection = connect(
        f"ws://127.0.0.1:{gateway.port}/ws/user{query}", open_timeout=PATIENCE, proxy=None, **more
    )
    return stream


def close_code(gateway: Gateway, query: str = "", **more: Any) -> int:
    with open_user_stream(gateway, query, **more) as stream:
        return ending(stream)[0]


def pem(private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def escaped(signature: bytes) -> str:
    return base64.b64encode(signature).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
