"""Trades of an account."""

from typing import Any

from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text, value_text
from gateway.binance.views.market import Time
from gateway.binance.views.orders import NO_LIST, commission
from protocol.events import Fill
from protocol.instrument import Instrument
from protocol.units import Side


def account_trade_view(fill: Fill, instrument: Instrument, time: Time, list_id: int | None) -> dict[str, Any]:
    """One side of a trade. `list_id` is the list of the order; None for no list."""
    trade = fill.trade
    return {
        "symbol": joined(instrument),
        "id": trade.trade_id,
        "orderId": fill.order_id,
        "orderListId": NO_LIST if list_id is None else list_id,
        "price": price_text(instrument, trade.price),
        "qty": quantity_text(instrument, trade.quantity),
        "quoteQty": value_text(instrument, trade.price * trade.quantity),
        "commission": commission(instrument, trade, is_maker=fill.maker),
        "commissionAsset": instrument.quote,
        "time": time(trade.timestamp),
        "isBuyer": (trade.aggressor_side is Side.BUY) is not fill.maker,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }
