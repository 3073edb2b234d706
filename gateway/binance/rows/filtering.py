"""The filters of an instrument, for an order that is tested only. Of an order that is placed the matcher tells."""

from collections.abc import Iterator

from gateway.binance.errors import MARKET_CLOSED, DialectError, Fault
from gateway.binance.refusals import ICEBERG_PARTS, LOT_SIZE, NOTIONAL, PRICE_FILTER
from gateway.binance.views.filters import ICEBERG_PARTS as MOST_PARTS
from protocol.commands import NO_TERMS, PlaceOrder
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus


def check_filters(instrument: Instrument, order: PlaceOrder) -> None:
    """DialectError for the first filter that the order does not pass, or where the market is closed."""
    for fault in _failures(instrument, order):
        raise DialectError(fault)


def _failures(instrument: Instrument, order: PlaceOrder) -> Iterator[Fault]:
    terms, quantity = order.terms or NO_TERMS, order.quantity
    shown, lot = terms.display_quantity, instrument.lot_size
    if quantity and (quantity % lot or not instrument.min_quantity <= quantity <= instrument.max_quantity):
        yield LOT_SIZE
    for price in (order.price, order.trigger_price, terms.activation_price):
        if price is not None and (price % instrument.tick_size or price > instrument.max_price):
            yield PRICE_FILTER
    if order.price is not None and order.price * quantity < instrument.min_notional:
        yield NOTIONAL
    if shown is not None and shown % lot:
        yield LOT_SIZE
    if shown is not None and quantity > shown * MOST_PARTS:
        yield ICEBERG_PARTS
    if instrument.status is not InstrumentStatus.TRADING:
        yield MARKET_CLOSED
