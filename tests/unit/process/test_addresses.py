"""Hosts and endpoints: what a setting takes of them is what the system and ZeroMQ take."""

import socket
from collections.abc import Callable

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from matching_exchange.process import addresses
from matching_exchange.process.addresses import (
    MAX_SOCKET_PATH,
    bound_endpoint,
    connectable,
    connected_endpoint,
    host,
    reachable,
)
from protocol.sockets import is_ipv6

EVERYWHERE = ("tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://[::]:5555")

GOOD = [
    *EVERYWHERE,
    "tcp://127.0.0.1:5555",
    "tcp://localhost:1",
    "tcp://[::1]:65535",
    "tcp://[fe80::1%lo]:5555",
    "tcp://matcher:5555",
    "tcp://my_matcher.example.org.:5555",
    "ipc:///run/matcher/commands",
    "ipc://commands",
    f"ipc://{'a' * MAX_SOCKET_PATH}",
    "ipc://ü/socket",
]

BAD = [
    "",
    "5555",
    "127.0.0.1:5555",
    "http://127.0.0.1:5555",
    "inproc://x",
    "tcp://",
    "tcp://127.0.0.1",
    "tcp://:5555",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:" + "9" * 5_000,
    "tcp://a b:5555",
    "tcp://a..b:5555",
    "tcp://.x:5555",
    "tcp://-x:5555",
    "tcp://bücher:5555",
    f"tcp://{'a' * 300}:5555",
    f"tcp://{'a' * 64}:5555",
    "tcp://::1:5555",
    "tcp://[::1]",
    "tcp://[::1:5555",
    "tcp://[localhost]:5555",
    "tcp://[]:5555",
    "tcp://*",
    "ipc://",
    "ipc://*",
    "ipc://@",
    f"ipc://{'a' * (MAX_SOCKET_PATH + 1)}",
    f"ipc://{'ü' * 60}",
    "ipc://\udcff",
]

TEXT = st.text(st.sampled_from("ab1.:-_[]*%/@ ü\udcff"), max_size=12)
ENDPOINT_TEXT = st.one_of(
    st.builds("tcp://{}:{}".format, TEXT, st.integers(0, 99_999)),
    st.builds("ipc://{}".format, TEXT),
    st.builds("tcp://[{}]:5".format, st.text(st.sampled_from(":1a%"), max_size=8)),
    TEXT,
)


@pytest.mark.parametrize("parse", [bound_endpoint, connected_endpoint])
@pytest.mark.parametrize("text", GOOD)
def test_good_endpoint(parse: Callable[[str], str], text: str) -> None:
    if parse is connected_endpoint and text == "tcp://*:5555":
        with pytest.raises(ValueError, match="5555"):
            parse(text)
    else:
        assert parse(text) == text


@pytest.mark.parametrize("parse", [bound_endpoint, connected_endpoint])
@pytest.mark.parametrize("text", BAD)
def test_bad_endpoint(parse: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse(text)


@given(ENDPOINT_TEXT)
def test_zeromq_takes_whatever_endpoint_the_setting_takes(text: str) -> None:
    """To connect to; whether an endpoint can be bound is known to this machine alone."""
    try:
        connected_endpoint(text)
    except ValueError:
        return
    with zmq.Context() as context, context.socket(zmq.SUB) as client:
        client.linger = 0
        client.ipv6 = is_ipv6(text)
        client.connect(text)


@pytest.mark.parametrize("text", ["127.0.0.1", "localhost", "::1", "::", "0.0.0.0", "a.b-c.d_e.", "a" * 63, "1.2.3"])
def test_good_host(text: str) -> None:
    assert host(text) == text


@given(TEXT)
def test_the_system_takes_whatever_host_the_setting_takes(text: str) -> None:
    """It may not find it, but the text is one that it can look for."""
    try:
        host(text)
    except ValueError:
        return
    try:
        socket.getaddrinfo(text, 80, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        assert text.encode("idna")


@pytest.mark.parametrize(
    ("bound", "connected"),
    [
        ("tcp://*:5555", "tcp://127.0.0.1:5555"),
        ("tcp://0.0.0.0:5555", "tcp://127.0.0.1:5555"),
        ("tcp://[::]:5555", "tcp://[::1]:5555"),
        ("tcp://[fe80::1]:5555", "tcp://[fe80::1]:5555"),
        ("tcp://10.0.0.1:5555", "tcp://10.0.0.1:5555"),
        ("ipc://x", "ipc://x"),
    ],
)
def test_what_is_bound_can_be_connected_to(bound: str, connected: str) -> None:
    assert connectable(bound) == connected
    assert connected_endpoint(connected) == connected


def test_host_that_was_bound_can_be_connected_to() -> None:
    assert [reachable(name) for name in ("0.0.0.0", "::", "::1", "example.org")] == [
        "127.0.0.1",
        "::1",
        "::1",
        "example.org",
    ]


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1", True),
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", False),
        ("tcp://127.0.0.1:1", "tcp://127.0.0.2:1", False),
        ("tcp://*:1", "tcp://127.0.0.1:1", True),
        ("tcp://127.0.0.1:1", "tcp://[::]:1", True),
        ("ipc://a", "ipc://a", True),
        ("ipc://a", "ipc://b", False),
        ("ipc://a", "tcp://*:1", False),
    ],
)
def test_two_that_cannot_both_be_there(first: str, second: str, *, clash: bool) -> None:
    assert addresses._clash(first, second) is clash
