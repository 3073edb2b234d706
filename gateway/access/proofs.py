"""Whether a caller holds a key: by its secret, or by a signature. The work depends on what was sent, not on the key."""

import base64
import binascii
import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from gateway.access.server_key import derive_secret
from protocol.keys import Key, KeyType

RSA_BITS: Final = (2048, 3072, 4096)
"""The sizes of RSA keys that are taken."""

HEX_LENGTH: Final = 64
ED25519_BYTES: Final = 64

PublicKey = Ed25519PublicKey | RSAPublicKey

_NO_ED25519: Final = Ed25519PrivateKey.generate().public_key()
_NO_RSA: Final = {bits: RSAPublicNumbers(65537, 2**bits - 2**64 + 13).public_key() for bits in RSA_BITS}
"""Keys that nobody holds: verified against in place of one that is not there."""


def read_public_key(key_type: KeyType, pem: str) -> str:
    """The public key in PEM, written anew. ValueError, with what it takes, for any other text."""
    try:
        found = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("takes a public key in PEM") from error
    if key_type is KeyType.ED25519 and not isinstance(found, Ed25519PublicKey):
        raise ValueError("takes an Ed25519 public key in PEM")
    if key_type is KeyType.RSA and not (isinstance(found, RSAPublicKey) and found.key_size in RSA_BITS):
        raise ValueError(f"takes an RSA public key in PEM, of {', '.join(map(str, RSA_BITS))} bits")
    return found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_public_key(pem: str) -> PublicKey:
    """A public key that `read_public_key` has written."""
    found = load_pem_public_key(pem.encode())
    assert isinstance(found, Ed25519PublicKey | RSAPublicKey), "it was checked when it was set"
    return found


class Proofs:
    """Remembers the public keys that it has read, and the secrets that it has derived: at most `most` of each.

    A secret is remembered by the name that was sent, be it a key or not.
    """

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._read: dict[str, PublicKey] = {}
        self._secrets: dict[tuple[bytes, str, int], bytes] = {}

    def secret_fits(self, server_key: bytes, key: Key | None, name: str, secret: str) -> bool:
        """Whether it is the secret of this HMAC key; never without one."""
        fits = hmac.compare_digest(secret.encode(), self._secret(server_key, key, name))
        return fits and key is not None and key.key_type is KeyType.HMAC

    def signature_fits(self, server_key: bytes, key: Key | None, name: str, signed: bytes, signature: str) -> bool:
        """Whether the holder of this key has signed the bytes; never without a key."""
        if len(signature) == HEX_LENGTH:
            expected = hmac.digest(self._secret(server_key, key, name), signed, "sha256").hex()
            fits = hmac.compare_digest(signature.lower().encode(), expected.encode())
            return fits and key is not None and key.key_type is KeyType.HMAC
        try:
            given = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        public = None if key is None or not key.public_key else self._public(key.public_key)
        if len(given) == ED25519_BYTES:
            return _ed25519_fits(public, given, signed)
        return _rsa_fits(public, given, signed)

    def _secret(self, server_key: bytes, key: Key | None, name: str) -> bytes:
        wanted = server_key, name, 0 if key is None else key.generation
        found = self._secrets.get(wanted)
        if found is None:
            if len(self._secrets) >= self._most:
                self._secrets.clear()
            found = self._secrets[wanted] = derive_secret(*wanted).encode()
        return found

    def _public(self, pem: str) -> PublicKey:
        found = self._read.get(pem)
        if found is None:
            if len(self._read) >= self._most:
                self._read.clear()
            found = self._read[pem] = load_public_key(pem)
        return found


def _ed25519_fits(public: PublicKey | None, given: bytes, signed: bytes) -> bool:
    is_one = isinstance(public, Ed25519PublicKey)
    try:
        (public if isinstance(public, Ed25519PublicKey) else _NO_ED25519).verify(given, signed)
    except InvalidSignature:
        return False
    return is_one


def _rsa_fits(public: PublicKey | None, given: bytes, signed: bytes) -> bool:
    nobodys = _NO_RSA.get(8 * len(given))
    if nobodys is None:
        return False
    is_one = isinstance(public, RSAPublicKey) and public.key_size == 8 * len(given)
    try:
        (public if isinstance(public, RSAPublicKey) and is_one else nobodys).verify(given, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return is_one
