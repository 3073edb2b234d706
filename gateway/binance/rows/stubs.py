"""Calls of other parts of the venue that stock clients make: answers that are true here, and let them go on."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.binance.decimals import ZERO
from gateway.binance.desk import Context
from gateway.binance.gate import IF_SIGNED, USER_DATA
from gateway.binance.parameters import SYMBOL, Parameter, Values
from gateway.binance.row import Call, Row
from gateway.binance.rows.balances import Holding, assets, holdings
from gateway.binance.symbols import joined
from protocol.instrument import FEE_DECIMALS, format_decimal
from protocol.keys import Permission


def constant(answer: Any) -> Call:
    """A call that is always answered so."""

    async def call(_: Context, __: Values) -> Any:
        return answer

    return call


CONSTANTS: Final[Mapping[str, Any]] = {
    "/sapi/v1/system/status": {"status": 0, "msg": "normal"},
    "/sapi/v1/margin/allPairs": [],
    "/sapi/v1/margin/isolated/allPairs": [],
    "/sapi/v1/spot/delist-schedule": [],
    "/fapi/v1/exchangeInfo": {"symbols": []},
    "/dapi/v1/exchangeInfo": {"symbols": []},
    "/eapi/v1/exchangeInfo": {"optionSymbols": []},
}


async def trade_fees(context: Context, values: Values) -> list[dict[str, Any]]:
    one = values.optional_instrument()
    listed = await context.desk.symbols.all()
    return [
        {
            "symbol": joined(instrument),
            "makerCommission": format_decimal(instrument.maker_fee_bps, FEE_DECIMALS),
            "takerCommission": format_decimal(instrument.taker_fee_bps, FEE_DECIMALS),
        }
        for instrument in listed
        if one is None or instrument.symbol == one.symbol
    ]


async def coins(context: Context, _: Values) -> list[dict[str, Any]]:
    if context.caller is not None:
        held = await holdings(context)
    else:
        held = [Holding(asset, ZERO, ZERO) for asset in await assets(context)]
    return [_coin(holding) for holding in held]


def _coin(holding: Holding) -> dict[str, Any]:
    return {
        "coin": holding.asset,
        "name": holding.asset,
        "free": holding.free,
        "locked": holding.locked,
        "freeze": ZERO,
        "ipoable": ZERO,
        "ipoing": ZERO,
        "storage": ZERO,
        "withdrawing": ZERO,
        "trading": True,
        "isLegalMoney": False,
        "depositAllEnable": False,
        "withdrawAllEnable": False,
        "networkList": [],
    }


async def restrictions(context: Context, _: Values) -> dict[str, Any]:
    assert context.caller is not None
    key = context.caller.key
    assert key is not None, "the row asks for a key"
    return {
        "ipRestrict": bool(key.addresses),
        "createTime": context.time(context.desk.keys.created(key)),
        "enableReading": bool(key.permissions & Permission.USER_DATA),
        "enableSpotAndMarginTrading": bool(key.permissions & Permission.TRADE),
        "enableWithdrawals": False,
    }


ROWS: Final = (
    *(Row("GET", path, IF_SIGNED, 1, constant(answer)) for path, answer in CONSTANTS.items()),
    Row("GET", "/sapi/v1/asset/tradeFee", IF_SIGNED, 1, trade_fees, (Parameter("symbol", SYMBOL),)),
    Row("GET", "/sapi/v1/capital/config/getall", IF_SIGNED, 10, coins),
    Row("GET", "/sapi/v1/account/apiRestrictions", USER_DATA, 1, restrictions),
)
