"""A symbol as exchangeInfo tells it."""

from typing import Any, Final

from gateway.binance.decimals import LEAST_DECIMALS
from gateway.binance.symbols import joined
from gateway.binance.views.filters import filters_view
from gateway.binance.words import PREVENTION, SYMBOL_STATUS
from protocol.instrument import Instrument
from protocol.units import SelfTradePrevention

ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)


def symbol_view(
    instrument: Instrument, prevention: SelfTradePrevention, *, with_permissions: bool = True
) -> dict[str, Any]:
    """`prevention` is that of orders which name none."""
    base = max(LEAST_DECIMALS, instrument.quantity_decimals)
    quote = max(LEAST_DECIMALS, instrument.price_decimals)
    return {
        "symbol": joined(instrument),
        "status": SYMBOL_STATUS[instrument.status],
        "baseAsset": instrument.base,
        "baseAssetPrecision": base,
        "quoteAsset": instrument.quote,
        "quotePrecision": quote,
        "quoteAssetPrecision": quote,
        "baseCommissionPrecision": base,
        "quoteCommissionPrecision": quote,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters_view(instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]] if with_permissions else [],
        "defaultSelfTradePreventionMode": PREVENTION[prevention],
        "allowedSelfTradePreventionModes": list(PREVENTION.values()),
    }
