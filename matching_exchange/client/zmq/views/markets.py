"""Market data and instruments."""

from decimal import Decimal
from typing import Final

from matching_exchange.client.times import Time
from matching_exchange.client.types import markets as told
from matching_exchange.client.types.words import Side
from matching_exchange.client.zmq.views.units import (
    INSTRUMENT_STATUSES,
    SIDES,
    decimal,
    price,
    quantity,
)
from protocol.events import Depth, Trade
from protocol.instrument import Instrument, format_fee
from protocol.market_data import DepthMessage, TradeMessage

_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


def trade(found: Trade | TradeMessage, instrument: Instrument) -> told.Trade:
    """A trade: a published one, or one that was asked for."""
    if isinstance(found, Trade):
        side = SIDES[found.aggressor_side]
        maker, taker = (
            Decimal(format_fee(instrument, found.price, found.quantity, rate))
            for rate in (found.maker_fee_bps, found.taker_fee_bps)
        )
    else:
        side = _SIDES[found.aggressor_side]
        maker, taker = (decimal(fee, instrument.fee_decimals) for fee in (found.maker_fee, found.taker_fee))
    return told.Trade(
        Time(found.timestamp),
        found.symbol,
        found.sequence,
        found.trade_id,
        price(found.price, instrument),
        quantity(found.quantity, instrument),
        side,
        found.maker_order_id,
        found.taker_order_id,
        maker,
        taker,
    )


def levels(pairs: list[tuple[int, int]], instrument: Instrument) -> tuple[told.Level, ...]:
    return tuple(told.Level(price(each, instrument), quantity(amount, instrument)) for each, amount in pairs)


def depth(found: Depth | DepthMessage, sequence: int, timestamp: int, instrument: Instrument) -> told.Depth:
    return told.Depth(
        Time(timestamp), found.symbol, sequence, levels(found.bids, instrument), levels(found.asks, instrument)
    )


def instrument(found: Instrument) -> told.Instrument:
    def value(number: int) -> Decimal:
        return decimal(number, found.value_decimals)

    return told.Instrument(
        found.symbol,
        found.base,
        found.quote,
        price(found.tick_size, found),
        quantity(found.lot_size, found),
        quantity(found.min_quantity, found),
        quantity(found.max_quantity, found),
        price(found.max_price, found),
        value(found.min_notional),
        found.maker_fee_bps,
        found.taker_fee_bps,
        INSTRUMENT_STATUSES[found.status],
        found.price_band_bps or None,
        price(found.reference_price, found) if found.reference_price else None,
        found.max_open_orders or None,
        value(found.max_order_notional) if found.max_order_notional else None,
        found.halt_bps or None,
        found.halt_window_ms or None,
        found.halt_ms or None,
        Time(found.halted_until) if found.halted_until else None,
    )
