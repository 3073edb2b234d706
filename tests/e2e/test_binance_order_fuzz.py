"""No parameter of a signed call makes the gateway fail, and what it answers is one of the words of the dialect."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.binance.gate import TRADE, USER_DATA
from gateway.binance.parameters import Kind, Parameter
from gateway.binance.row import Row
from gateway.binance.table import ROWS
from tests.e2e.binance import Holder, now
from tests.exchange import Exchange


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        exchange.trade("BTC-USDT", "60000")
        yield exchange


@pytest.fixture(scope="module")
def holder(exchange: Exchange) -> Holder:
    return Holder(exchange, "bob", deposit={"USDT": "1000000", "BTC": "100"})


NONSENSE = st.one_of(
    st.sampled_from(["", "-1", "1e9", "1" * 40, "0" * 20, "9223372036854775807", "9223372036854775808", "null", "[]"]),
    st.text(max_size=8),
)
SENSE = {
    Kind.TEXT: st.sampled_from(["a", "b", "c-1"]),
    Kind.DECIMAL: st.sampled_from(["0.001", "0.01", "1", "59000", "60000", "61000", "59000.01", "0.1000000001", "0"]),
    Kind.INTEGER: st.sampled_from(["0", "1", "2", "5", "100", "1000000", "10485760"]),
    Kind.BOOLEAN: st.sampled_from(["true", "false"]),
    Kind.TIME: st.sampled_from(["0", "1", str(now()), str(now() - 3_600_000), str(now() * 1000)]),
    Kind.SYMBOL: st.sampled_from(["BTCUSDT"] * 8 + ["NOTHING"]),
    Kind.SYMBOLS: st.just('["BTCUSDT"]'),
}

SIGNED = [row for row in ROWS if row.security in (TRADE, USER_DATA)]


def values_of(parameter: Parameter) -> st.SearchStrategy[str]:
    sense = st.sampled_from(list(parameter.words)) if parameter.words else SENSE[parameter.kind]
    return st.one_of(*[sense] * 12, NONSENSE)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Row, dict[str, str]]:
    row = draw(st.sampled_from(SIGNED))
    sent = {}
    for parameter in row.parameters:
        odds = 12 if parameter.mandatory else draw(st.sampled_from((2, 6, 12)))
        if draw(st.integers(0, 12)) <= odds:
            sent[parameter.name] = draw(values_of(parameter))
    return row, sent


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(call=calls())
def test_no_signed_call_makes_the_gateway_fail(holder: Holder, call: tuple[Row, dict[str, str]]) -> None:
    row, sent = call
    encodable = {name: value for name, value in sent.items() if value.isascii()}
    response = holder.call(row.method, row.path, dict(encodable))
    assert response.status_code in (200, 400, 409), (row.path, encodable, response.text)
    if response.status_code == 200:
        return
    body = response.json()
    assert set(body) in ({"code", "msg"}, {"code", "msg", "data"})
    assert body["code"] < 0 and body["msg"]
    assert (response.status_code == 409) == (body["code"] == -2021)
