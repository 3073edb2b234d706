"""What the proof of a signed order costs: the gateway's own check of each algorithm, beside what its holder pays."""

import secrets
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

from gateway.access.proofs import Proofs
from gateway.access.server_key import KEY_BYTES, derive_secret, new_key_id
from matching_exchange.tools.bench.measure import BenchError, Plan, spread, take_turns
from matching_exchange.tools.bench.signers import Signer, ed25519_signer, hmac_signer, rsa_signer
from matching_exchange.tools.bench.table import Row, Yardstick, row
from protocol.keys import Key

RSA_BITS: Final = 2048

TEXT: Final = (
    b"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00100&price=60000.00"
    b"&newClientOrderId=post-1%%3A1&newOrderRespType=FULL&timestamp=%013d"
)
"""What is signed of an order."""

CHECKED: Final = 1_000
QUICK_CHECKED: Final = 20
"""Signatures of a round, of each algorithm."""


class Proving:
    """Signs orders with one key, and has the gateway check them. The times are microseconds of one."""

    def __init__(self, server_key: bytes, key_id: str, signer: Signer, count: int) -> None:
        self._server_key = server_key
        self._key = Key(key_id, "bench", signer.key_type, signer.public_key)
        self._signer = signer
        self._count = count
        self._proofs = Proofs()
        self._signed: list[tuple[bytes, str]] = []

    def time_signing(self) -> float:
        texts = [TEXT % number for number in range(self._count)]
        sign = self._signer.sign
        started = time.perf_counter()
        self._signed = [(text, sign(text)) for text in texts]
        return self._each(started)

    def time_check(self) -> float:
        """Of what was signed last. BenchError where a signature does not fit."""
        fits, server_key, key = self._proofs.signature_fits, self._server_key, self._key
        started = time.perf_counter()
        good = sum([fits(server_key, key, key.key, text, signature) for text, signature in self._signed])
        took = self._each(started)
        if good != self._count:
            raise BenchError(f"{self._count - good} signatures of {self._count} do not fit")
        return took

    def _each(self, started: float) -> float:
        return (time.perf_counter() - started) / self._count * 1_000_000


def signatures(plan: Plan) -> Iterator[Row]:
    """The rows of each algorithm."""
    plan.tell("signatures")
    count = QUICK_CHECKED if plan.quick else CHECKED
    server_key, key_id = secrets.token_bytes(KEY_BYTES), new_key_id()
    signers = {
        "HMAC-SHA256": hmac_signer(derive_secret(server_key, key_id, 0)),
        "Ed25519": ed25519_signer(),
        f"RSA, {RSA_BITS} bits": rsa_signer(RSA_BITS),
    }
    measurements: list[Callable[[], float]] = []
    for signer in signers.values():
        proving = Proving(server_key, key_id, signer, count)
        # The first check reads the key.
        proving.time_signing()
        proving.time_check()
        measurements += [proving.time_signing, proving.time_check]
    times = take_turns(plan.rounds, *measurements)
    for name, signing, check in zip(signers, times[::2], times[1::2], strict=True):
        yield row(f"check of a signature, {name}", spread(check), "µs", Yardstick("to sign", median(signing), "µs"))
