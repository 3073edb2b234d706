"""Trades of an account, and what self-trade prevention has kept from being one."""

from typing import Any, Final

from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text, value_text
from gateway.binance.views.market import Time
from gateway.binance.views.orders import NO_LIST, commission
from gateway.binance.words import PREVENTION
from protocol.events import Fill, PreventedMatch
from protocol.instrument import Instrument
from protocol.units import Side

NO_GROUP: Final = -1
"""The `tradeGroupId` of accounts that are in none."""


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


def prevented_match_view(match: PreventedMatch, instrument: Instrument, time: Time) -> dict[str, Any]:
    return {
        "symbol": joined(instrument),
        "preventedMatchId": match.prevented_match_id,
        "takerOrderId": match.taker_order_id,
        "makerOrderId": match.maker_order_id,
        "tradeGroupId": NO_GROUP,
        "selfTradePreventionMode": PREVENTION[match.self_trade_prevention],
        "price": price_text(instrument, match.price),
        "takerPreventedQuantity": quantity_text(instrument, match.taker_quantity),
        "makerPreventedQuantity": quantity_text(instrument, match.maker_quantity),
        "transactTime": time(match.timestamp),
    }
