"""A caller of the Binance dialect, as stock clients sign."""

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tests.e2e.keyed import escaped, pem
from tests.exchange import Exchange, Json

Parameters = dict[str, str | int]


class Holder:
    """Signs calls with an HMAC key."""

    def __init__(self, exchange: Exchange, account: str, **more: Any) -> None:
        self.exchange = exchange
        self.account = account
        self.key = self._make(exchange, account, more)
        self.api_key: str = self.key["key"]
        self.secret: str = self.key.get("secret", "")

    def _make(self, exchange: Exchange, account: str, more: Json) -> Json:
        return good_key(exchange, account, **more)

    def sign(self, text: str) -> str:
        return hmac.digest(self.secret.encode(), text.encode(), hashlib.sha256).hex()

    def signed(self, parameters: Parameters | None = None) -> str:
        """The parameters with a time and a signature, as a query or a form."""
        text = urlencode({**(parameters or {}), "timestamp": now()})
        return f"{text}&signature={self.sign(text)}"

    def call(self, method: str, path: str, parameters: Parameters | None = None) -> httpx.Response:
        """Send a signed call, all of it in the query."""
        return self.send(method, path, self.signed(parameters))

    def send(self, method: str, path: str, query: str = "", form: str = "", **headers: str) -> httpx.Response:
        url = f"{path}?{query}" if query else path
        return self.exchange.http.request(
            method, url, content=form or None, headers={"X-MBX-APIKEY": self.api_key, **headers}
        )


class Ed25519Holder(Holder):
    """Signs calls with an Ed25519 key."""

    def _make(self, exchange: Exchange, account: str, more: Json) -> Json:
        self._private = Ed25519PrivateKey.generate()
        return good_key(exchange, account, type="ed25519", public_key=pem(self._private), **more)

    def sign(self, text: str) -> str:
        return escaped(self._private.sign(text.encode()))


class RsaHolder(Holder):
    """Signs calls with an RSA key."""

    def _make(self, exchange: Exchange, account: str, more: Json) -> Json:
        self._private = generate_private_key(65537, 2048)
        return good_key(exchange, account, type="rsa", public_key=pem(self._private), **more)

    def sign(self, text: str) -> str:
        return escaped(self._private.sign(text.encode(), PKCS1v15(), SHA256()))


def good_key(exchange: Exchange, account: str, **more: Any) -> Json:
    response = exchange.http.post("/admin/keys", json={"account": account, **more})
    assert response.status_code == 201, response.text
    key: Json = response.json()
    return key


def now() -> int:
    """Milliseconds."""
    return time.time_ns() // 1_000_000


def failure(response: httpx.Response) -> tuple[int, int, str]:
    """Status, code and text of an answer that tells an error."""
    body = response.json()
    assert set(body) == {"code", "msg"}, body
    return response.status_code, body["code"], body["msg"]
