"""Instruments of a running exchange, in the integers of the protocol."""

from decimal import Decimal

from matching_exchange.client.types.markets import Instrument as Told
from protocol.instrument import Instrument, decimals_of, parse_decimal
from protocol.units import InstrumentStatus


def whole(value: Decimal, decimals: int) -> int:
    """The exact number of units of 10^-decimals; what the exchange tells has no more decimals."""
    return parse_decimal(str(value), decimals)


def instrument_of(told: Told) -> Instrument:
    """The instrument with its units. What protects its price is left to the exchange."""
    prices, quantities = decimals_of(str(told.tick_size)), decimals_of(str(told.lot_size))

    return Instrument(
        told.symbol,
        told.base,
        told.quote,
        prices,
        quantities,
        whole(told.tick_size, prices),
        whole(told.lot_size, quantities),
        whole(told.min_quantity, quantities),
        whole(told.max_quantity, quantities),
        whole(told.max_price, prices),
        whole(told.min_notional, prices + quantities),
        told.maker_fee_bps,
        told.taker_fee_bps,
        InstrumentStatus[told.status.name],
    )
