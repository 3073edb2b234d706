"""Who may use a log in etcd: TLS, a user with a password, and versions that are refused."""

import datetime
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from matcher.etcd.address import Credentials, LogAddress, parse_address
from matcher.etcd.opening import open_log, open_reader
from matcher.storage.log import LogFailedError
from tests.etcd import EtcdCluster, Pems, running_etcd
from tests.log_kinds import append, caught_up, record, take

SHORT = 1_500_000_000
"""Nanoseconds that one waits who is not let in."""

PASSWORD = "correct-horse"


def make_pems(directory: Path) -> Pems:
    """An authority, and one certificate of it for 127.0.0.1."""
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = datetime.datetime.now(datetime.UTC)

    def signed(name: str, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType) -> bytes:
        usage = x509.KeyUsage(*[True, *[False] * 4, name == "authority", False, False, False])
        builder = (
            x509.CertificateBuilder(_named("authority"), _named(name), key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        )
        return builder.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM)

    pems = Pems(directory / "ca.pem", directory / "own.pem", directory / "own.key")
    pems.ca.write_bytes(signed("authority", authority, x509.BasicConstraints(ca=True, path_length=None)))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    pems.certificate.write_bytes(signed("own", own, here))
    pems.key.write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pems


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EtcdCluster, Pems]]:
    """A server with TLS. It knows root, and a user who may use one log alone."""
    pems = make_pems(tmp_path_factory.mktemp("pems"))
    with running_etcd(pems=pems) as cluster:
        (server,) = cluster.members
        for user in ("root", "exchange"):
            server.ask("/v3/auth/user/add", {"name": user, "password": PASSWORD})
            server.ask("/v3/auth/role/add", {"name": user})
            server.ask("/v3/auth/user/grant", {"user": user, "role": user})
        begin, end = (b64encode(text).decode() for text in (b"own/", b"own0"))
        permission = {"permType": "READWRITE", "key": begin, "range_end": end}
        server.ask("/v3/auth/role/grant", {"name": "exchange", "perm": permission})
        server.ask("/v3/auth/enable", {})
        yield cluster, pems


def test_a_log_behind_tls_takes_its_user(etcd: tuple[EtcdCluster, Pems]) -> None:
    """A server that starts again knows the tokens of its users no more."""
    cluster, pems = etcd
    ca, certificate, key = (file.read_bytes() for file in pems)
    credentials = Credentials(ca, certificate, key, "exchange", PASSWORD)
    with ExitStack() as opened:
        log = open_log(parse_address(cluster.url("own")), credentials)
        opened.callback(log.close)
        caught_up(log)
        follower = opened.enter_context(closing(log.follow(0)))
        append(log, 1, 2)
        assert len(take(follower, 2)) == 2
        cluster.stop()
        cluster.start()
        log.append(2, record(3), 3, patience=30_000_000_000)
        assert [logged.record for logged in take(follower, 1)] == [record(3)]
        assert [logged.position for logged in log.read(0)] == [1, 2, 3]
        log.trim(3)
        assert PASSWORD not in log.address


WRONG = {
    "password": "authentication failed",
    "no user": "permission denied",
    "another log": "permission denied",
    "no certificate": "does not answer",
    "another authority": "does not answer",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_others_are_not_let_in(etcd: tuple[EtcdCluster, Pems], tmp_path: Path, wrong: str) -> None:
    cluster, pems = etcd
    ca, certificate, key = (file.read_bytes() for file in pems)
    credentials = Credentials(ca, certificate, key, "exchange", PASSWORD)
    name = "own"
    if wrong == "password":
        credentials = Credentials(ca, certificate, key, "exchange", "guessed")
    elif wrong == "no user":
        # The certificate's name is a user of nobody.
        credentials = Credentials(ca, certificate, key)
    elif wrong == "no certificate":
        credentials = Credentials(ca, None, None, "exchange", PASSWORD)
    elif wrong == "another authority":
        credentials = Credentials(make_pems(tmp_path).ca.read_bytes(), certificate, key, "exchange", PASSWORD)
    else:
        name = "other"
    address = LogAddress(tuple(cluster.addresses), name)
    with pytest.raises(LogFailedError, match=WRONG[wrong]) as told, ExitStack() as opened:
        reader = open_reader(address, credentials, SHORT)
        opened.callback(reader.close)
        reader.head()
    assert PASSWORD not in str(told.value)
    assert "guessed" not in str(told.value)
    assert str(told.value).count(os.linesep) == 0
