"""The filters of an instrument, which are all enforced."""

from typing import Any, Final

from gateway.binance.decimals import fixed, padded
from protocol.instrument import Instrument

MAX_NOTIONAL: Final = 9_000_000_000
"""The largest maxNotional, in the quote currency."""

MAX_TRAILING_DELTA: Final = 9_999

ICEBERG_PARTS: Final = 1_000


def max_notional(instrument: Instrument) -> int:
    """The most that price x quantity of an order may be, in price unit times quantity unit."""
    unit: int = 10**instrument.value_decimals
    largest = min(instrument.max_price * instrument.max_quantity, MAX_NOTIONAL * unit)
    return min(largest, instrument.max_order_notional) if instrument.max_order_notional else largest


def price_text(instrument: Instrument, price: int) -> str:
    """A price, with as many decimals as all of this instrument."""
    return padded(price, instrument.price_decimals)


def quantity_text(instrument: Instrument, quantity: int) -> str:
    """As `price_text`."""
    return padded(quantity, instrument.quantity_decimals)


def value_text(instrument: Instrument, value: int) -> str:
    """A sum of price x quantity."""
    return fixed(value, instrument.value_decimals)


def filters_view(instrument: Instrument) -> list[dict[str, Any]]:
    """The filters as exchangeInfo tells them."""
    sizes = {
        "minQty": quantity_text(instrument, instrument.min_quantity),
        "maxQty": quantity_text(instrument, instrument.max_quantity),
        "stepSize": quantity_text(instrument, instrument.lot_size),
    }
    found: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price_text(instrument, instrument.tick_size),
            "maxPrice": price_text(instrument, instrument.max_price),
            "tickSize": price_text(instrument, instrument.tick_size),
        },
        {"filterType": "LOT_SIZE", **sizes},
        {"filterType": "ICEBERG_PARTS", "limit": ICEBERG_PARTS},
        {"filterType": "MARKET_LOT_SIZE", **sizes},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 1,
            "maxTrailingAboveDelta": MAX_TRAILING_DELTA,
            "minTrailingBelowDelta": 1,
            "maxTrailingBelowDelta": MAX_TRAILING_DELTA,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": value_text(instrument, instrument.min_notional),
            "applyMinToMarket": False,
            "maxNotional": value_text(instrument, max_notional(instrument)),
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
    ]
    if instrument.max_open_orders:
        found.append({"filterType": "MAX_NUM_ORDERS", "maxNumOrders": instrument.max_open_orders})
    return found
