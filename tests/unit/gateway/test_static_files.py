"""The pages' files in gzip, for who takes it."""

import gzip
from collections.abc import Iterator

import pytest

from gateway.pages import STATIC
from tests.unit.gateway.fakes import Gateway

FILE = "/static/common/api.js"
CONTENT = (STATIC / "common" / "api.js").read_bytes()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


def test_a_file_comes_in_gzip_to_who_takes_it(gateway: Gateway) -> None:
    plain = gateway.request("GET", FILE)
    assert "content-encoding" not in plain.headers
    for accepted in ("gzip, deflate, br", "br;q=1.0, GZIP;q=0.5"):
        packed = gateway.request("GET", FILE, None, {"accept-encoding": accepted})
        assert (packed.status, packed.headers["content-encoding"]) == (200, "gzip")
        assert gzip.decompress(packed.body) == CONTENT
        assert len(packed.body) < len(CONTENT) / 2
        assert packed.headers["content-length"] == str(len(packed.body))
        assert packed.headers["content-type"] == plain.headers["content-type"]
        assert packed.headers["content-security-policy"] == plain.headers["content-security-policy"]
    # A cache between tells the two apart.
    assert (plain.headers["vary"], packed.headers["vary"]) == ("accept-encoding", "accept-encoding")
    assert packed.headers["etag"] != plain.headers["etag"]


def test_a_file_in_gzip_that_has_not_changed_is_not_sent_again(gateway: Gateway) -> None:
    first = gateway.request("GET", FILE, None, {"accept-encoding": "gzip"})
    again = gateway.request("GET", FILE, None, {"accept-encoding": "gzip", "if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.000"])
def test_who_does_not_take_gzip_gets_the_file_itself(gateway: Gateway, accepted: str) -> None:
    answer = gateway.request("GET", FILE, None, {"accept-encoding": accepted})
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert "content-encoding" not in answer.headers


def test_a_head_in_gzip_has_no_body(gateway: Gateway) -> None:
    whole = gateway.request("GET", FILE, None, {"accept-encoding": "gzip"})
    head = gateway.request("HEAD", FILE, None, {"accept-encoding": "gzip"})
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", whole.headers["etag"])
