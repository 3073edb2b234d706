"""Calls of other parts of the venue: what stock clients ask at their start."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance import Holder, failure, now
from tests.exchange import Exchange


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def holder(exchange: Exchange) -> Holder:
    return Holder(exchange, "bob")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/sapi/v1/system/status", {"status": 0, "msg": "normal"}),
        ("/sapi/v1/margin/allPairs", []),
        ("/sapi/v1/margin/isolated/allPairs", []),
        ("/sapi/v1/spot/delist-schedule", []),
        ("/fapi/v1/exchangeInfo", {"symbols": []}),
        ("/dapi/v1/exchangeInfo", {"symbols": []}),
        ("/eapi/v1/exchangeInfo", {"optionSymbols": []}),
    ],
)
def test_constant_answers(exchange: Exchange, holder: Holder, path: str, answer: Any) -> None:
    assert exchange.http.get(path).json() == answer
    assert holder.call("GET", path).json() == answer, "signed"
    assert failure(holder.send("GET", path, f"timestamp={now()}&signature=00")) == (
        400,
        -1022,
        "Signature for this request is not valid.",
    )


def test_trade_fees_list_every_symbol(exchange: Exchange, holder: Holder) -> None:
    exchange.add_instrument(symbol="FEE-USDT", base="FEE", max_quantity="90", maker_fee_bps=0, taker_fee_bps=25)
    fees = holder.call("GET", "/sapi/v1/asset/tradeFee").json()
    listed = exchange.get("/api/v3/exchangeInfo")["symbols"]
    assert [fee["symbol"] for fee in fees] == [symbol["symbol"] for symbol in listed]
    assert {"symbol": "BTCUSDT", "makerCommission": "0.001", "takerCommission": "0.002"} in fees
    one = holder.call("GET", "/sapi/v1/asset/tradeFee", {"symbol": "FEEUSDT"}).json()
    assert one == [{"symbol": "FEEUSDT", "makerCommission": "0", "takerCommission": "0.0025"}]


def coin(asset: str, free: str) -> dict[str, Any]:
    zero = "0.00000000"
    return {
        "coin": asset,
        "name": asset,
        "free": free,
        "locked": zero,
        "freeze": zero,
        "ipoable": zero,
        "ipoing": zero,
        "storage": zero,
        "withdrawing": zero,
        "trading": True,
        "isLegalMoney": False,
        "depositAllEnable": False,
        "withdrawAllEnable": False,
        "networkList": [],
    }


def test_coins(exchange: Exchange, holder: Holder) -> None:
    path = "/sapi/v1/capital/config/getall"

    def told(holder: Holder | None = None) -> dict[str, Any]:
        response = exchange.http.get(path) if holder is None else holder.call("GET", path)
        return {each["coin"]: each for each in response.json()}

    assert told()["USDT"] == coin("USDT", "0.00000000")
    assert told(holder)["USDT"] == coin("USDT", "1000000000.00000000"), "without a ledger"
    rich = Holder(exchange, "rich", deposit={"USDT": "12.5"})
    assert told(rich)["USDT"] == coin("USDT", "12.50000000")
    assert told(rich)["BTC"] == coin("BTC", "0.00000000")


def test_what_a_key_may_do(exchange: Exchange) -> None:
    path = "/sapi/v1/account/apiRestrictions"
    told = Holder(exchange, "carol").call("GET", path).json()
    assert abs(told.pop("createTime") - now()) < 60_000
    assert told == {
        "ipRestrict": False,
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableWithdrawals": False,
    }
    bound = Holder(exchange, "carol", permissions=["user_data"], addresses=["127.0.0.1"])
    told = bound.call("GET", path).json()
    assert (told["ipRestrict"], told["enableSpotAndMarginTrading"]) == (True, False)
    assert failure(exchange.http.get(path))[1] == -2014
