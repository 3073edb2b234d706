"""No signature but the holder's own lets a call in, and no parameter makes the gateway fail."""

import random
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.binance.gate import IF_SIGNED, NONE
from gateway.binance.table import ROWS
from tests.e2e.binance import Ed25519Holder, Holder, failure, now
from tests.exchange import Exchange

SIGNED = "/api/v3/rateLimit/order"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        exchange.trade("BTC-USDT", "60000")
        yield exchange


@pytest.fixture(scope="module")
def holders(exchange: Exchange) -> list[Holder]:
    return [Holder(exchange, "bob"), Holder(exchange, "eve"), Ed25519Holder(exchange, "bob")]


def test_no_changed_call_is_let_in(holders: list[Holder]) -> None:
    draw = random.Random(14)
    bob, eve, other = holders
    for _ in range(150):
        holder = draw.choice((bob, other))
        pairs = [("timestamp", str(now())), ("recvWindow", "5000"), ("note", f"a~b c{draw.random()}")]
        text = urlencode(pairs)
        signature = holder.sign(text)
        assert holder.send("GET", SIGNED, f"{text}&signature={signature}").status_code == 200
        forged = draw.choice(
            [
                urlencode(pairs[::-1]),
                text.replace("~", "%7E"),
                text.replace("+", "%20"),
                text.replace("5000", "60000"),
                text.replace("note", "Note"),
                f"{text}&extra=1",
                f"extra=1&{text}",
                f"{text}&",
                text.replace("&", "&&", 1),
                urlencode([("timestamp", str(now() + 1)), *pairs[1:]]),
                quote(text, safe="=&%"),
            ]
        )
        assert failure(holder.send("GET", SIGNED, f"{forged}&signature={signature}"))[1] == -1022, forged
        for query in (
            f"{text}&signature={eve.sign(text)}",
            f"{text}&signature={signature[:-1]}",
            f"{text}&signature={signature}00",
            f"{text}&signature={'0' * 64}",
            f"{text}&signature={quote(signature * 2)}",
            f"{text}&signature=%00",
            f"{text}&%73ignature={signature}",
            f"{text}&SIGNATURE={signature}",
        ):
            assert failure(holder.send("GET", SIGNED, query))[1] in (-1022, -1102), query
        assert failure(eve.send("GET", SIGNED, f"{text}&signature={signature}"))[1] == -1022


def test_no_call_out_of_its_time_is_let_in(holders: list[Holder]) -> None:
    draw = random.Random(15)
    for _ in range(100):
        holder = draw.choice(holders)
        window = draw.choice((1, 100, 5000, 60000))
        late = draw.random() < 0.5
        off = draw.randrange(2_000, 10**6) if not late else -draw.randrange(window + 1_500, window + 10**6)
        text = f"timestamp={now() + off}&recvWindow={window}"
        answer = failure(holder.send("GET", SIGNED, f"{text}&signature={holder.sign(text)}"))
        assert answer[1] == -1021
        assert answer[2].startswith("Timestamp for this request")


NAMES = sorted({parameter.name for row in ROWS for parameter in row.parameters} | {"timestamp", "signature", "x"})
VALUES = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "1000",
            "9223372036854775807",
            "9223372036854775808",
            "1" * 40,
            "1e9",
            "0.1",
            "true",
            "BTCUSDT",
            '["BTCUSDT"]',
            "[]",
            "[[]]",
            "1m",
            "1M",
            "1s",
            "7d",
            "FULL",
            "TRADING",
            "SPOT",
            "8",
            "-12:00",
            str(now()),
            str(now() * 1000),
        ]
    ),
    st.integers().map(str),
    st.text(max_size=20),
    st.binary(max_size=12),
)
PATHS = sorted({row.path for row in ROWS})
PUBLIC = sorted({row.path for row in ROWS if row.security in (NONE, IF_SIGNED)})


def encoded(pairs: Iterable[tuple[str, str | bytes]]) -> str:
    """Texts with lone surrogates too."""
    return urlencode(
        [(name, value.encode("utf-8", "replace") if isinstance(value, str) else value) for name, value in pairs]
    )


def check(status: int, code: int | None, body: object) -> None:
    assert status in (200, 400, 401, 404, 405), body
    if status != 200:
        assert isinstance(body, dict)
        assert set(body) == {"code", "msg"}
        assert code is not None and code < 0


@settings(max_examples=400, deadline=None)
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "GET", "GET", "POST", "DELETE"]),
    parameters=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6),
)
def test_no_parameter_makes_the_gateway_fail(
    exchange: Exchange, path: str, method: str, parameters: list[tuple[str, str | bytes]]
) -> None:
    text = encoded(parameters)
    response = exchange.http.request(method, f"{path}?{text}")
    body = response.json()
    check(response.status_code, body.get("code") if isinstance(body, dict) else None, body)


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(PUBLIC),
    parameters=st.dictionaries(st.sampled_from(NAMES[:-3]), VALUES, max_size=4),
)
def test_nor_does_one_beside_what_the_call_needs(
    exchange: Exchange, path: str, parameters: dict[str, str | bytes]
) -> None:
    needed: dict[str, str | bytes] = {"symbol": "BTCUSDT", "interval": "1h"}
    given_values = {**needed, **{name: value for name, value in parameters.items() if name != "symbol"}}
    text = encoded(given_values.items())
    response = exchange.http.get(f"{path}?{text}")
    body = response.json()
    check(response.status_code, body.get("code") if isinstance(body, dict) else None, body)


@settings(max_examples=100, deadline=None)
@given(query=st.binary(max_size=60), form=st.binary(max_size=60))
def test_nor_do_bytes_that_are_no_parameters(exchange: Exchange, query: bytes, form: bytes) -> None:
    safe = quote(query, safe="=&%+[]\"';,{}")
    response = exchange.http.request("POST", f"/api/v3/ping?{safe}", content=form)
    check(response.status_code, response.json()["code"], response.json())
