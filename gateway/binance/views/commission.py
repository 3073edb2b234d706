"""Rates of fees, as answers tell them."""

from typing import Any, Final

from gateway.binance.decimals import ZERO, basis_points
from gateway.binance.symbols import joined
from protocol.instrument import Instrument

DISCOUNT: Final = {
    "enabledForAccount": False,
    "enabledForSymbol": False,
    "discountAsset": "BNB",
    "discount": ZERO,
}

_BOTH: Final = ("maker", "taker")
_NO_RATES: Final = {"maker": ZERO, "taker": ZERO, "buyer": ZERO, "seller": ZERO}


def rates_view(maker: int, taker: int) -> dict[str, str]:
    """Rates in basis points."""
    return {**_NO_RATES, "maker": basis_points(maker), "taker": basis_points(taker)}


def commission_view(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": joined(instrument),
        "standardCommission": rates_view(instrument.maker_fee_bps, instrument.taker_fee_bps),
        "specialCommission": _NO_RATES,
        "taxCommission": _NO_RATES,
        "discount": DISCOUNT,
    }


def order_rates_view(instrument: Instrument) -> dict[str, Any]:
    """The rates of an order that is tested."""
    rates = rates_view(instrument.maker_fee_bps, instrument.taker_fee_bps)
    none = {name: _NO_RATES[name] for name in _BOTH}
    return {
        "standardCommissionForOrder": {name: rates[name] for name in _BOTH},
        "specialCommissionForOrder": none,
        "taxCommissionForOrder": none,
        "discount": DISCOUNT,
    }
