"""Holders of API keys: how each type of key signs."""

import base64
import hmac
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from protocol.keys import KeyType

Sign = Callable[[bytes], str]
"""Returns the signature of the bytes, as a call carries it before it is escaped."""


class Signer(Struct, frozen=True):
    """public_key: in PEM; empty for HMAC."""

    key_type: KeyType
    sign: Sign
    public_key: str = ""


def hmac_signer(secret: str) -> Signer:
    key = secret.encode()
    return Signer(KeyType.HMAC, lambda text: hmac.digest(key, text, "sha256").hex())


def ed25519_signer() -> Signer:
    """With a new key."""
    private = Ed25519PrivateKey.generate()
    return Signer(KeyType.ED25519, lambda text: _base64(private.sign(text)), _pem(private.public_key()))


def rsa_signer(bits: int) -> Signer:
    """With a new key."""
    private = generate_private_key(65537, bits)
    padding, digest = PKCS1v15(), SHA256()
    return Signer(KeyType.RSA, lambda text: _base64(private.sign(text, padding, digest)), _pem(private.public_key()))


def _base64(signature: bytes) -> str:
    return base64.b64encode(signature).decode()


def _pem(public: Ed25519PublicKey | RSAPublicKey) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
