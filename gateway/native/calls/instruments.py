"""Calls of instruments: list them, add or change one."""

from msgspec import Raw
from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.parameters import query_parameters
from gateway.native.enum_words import INSTRUMENT_STATUSES
from gateway.native.json.decimals import NumberField, is_given, number_text, optional_number
from gateway.native.json.market_schemas import InstrumentRequest, InstrumentViews
from gateway.native.json.names import read_word
from gateway.native.json.translate import instrument_view
from gateway.native.problems import ProblemError
from protocol.commands import SetInstrument
from protocol.instrument import DecimalError, Instrument, decimals_of
from protocol.units import (
    MAX_FEE_BPS,
    MAX_HALT_MS,
    MAX_HALT_WINDOW_MS,
    MAX_INTEGER,
    MAX_OPEN_ORDERS,
    MAX_PRICE,
    MAX_PRICE_BAND_BPS,
    MAX_QUANTITY,
    SYMBOL_PATTERN,
)

_read_instrument = body_decoder(InstrumentRequest)


async def list_instruments(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    query_parameters(scope)
    found = await exchange.instruments.all()
    return json_response(InstrumentViews([instrument_view(instrument) for instrument in found]))


async def set_instrument(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    request = _read_instrument(await read_body(receive))
    known = {instrument.symbol: instrument for instrument in await exchange.instruments.all()}
    changed = await exchange.markets.set_instrument(_command(request, known.get(request.symbol)))
    return json_response(instrument_view(changed))


def _command(request: InstrumentRequest, known: Instrument | None) -> SetInstrument:
    """The command that adds the instrument or changes the known one. A new one's units come from tick_size and
    lot_size."""
    if not SYMBOL_PATTERN.fullmatch(request.symbol):
        raise ProblemError(
            "invalid_value", "symbol takes 1 to 32 of A-Z 0-9 . _ - and does not begin with a dot.", "symbol"
        )
    if known is None:
        price_decimals = _decimals("tick_size", request.tick_size)
        quantity_decimals = _decimals("lot_size", request.lot_size)
    else:
        price_decimals, quantity_decimals = known.price_decimals, known.quantity_decimals
    value_decimals = price_decimals + quantity_decimals
    fixed = "invalid_value" if known is None else "instrument_fixed"
    return SetInstrument(
        request.symbol,
        price_decimals,
        quantity_decimals,
        request.base,
        request.quote,
        _number("tick_size", request.tick_size, MAX_PRICE, price_decimals, fixed),
        _number("lot_size", request.lot_size, MAX_QUANTITY, quantity_decimals, fixed),
        _number("min_quantity", request.min_quantity, MAX_QUANTITY, quantity_decimals),
        _number("max_quantity", request.max_quantity, MAX_QUANTITY, quantity_decimals),
        _number("max_price", request.max_price, MAX_PRICE, price_decimals),
        _number("min_notional", request.min_notional, MAX_INTEGER, value_decimals, lowest=0),
        _whole_number("maker_fee_bps", request.maker_fee_bps, MAX_FEE_BPS),
        _whole_number("taker_fee_bps", request.taker_fee_bps, MAX_FEE_BPS),
        None if request.status is None else read_word("status", request.status, INSTRUMENT_STATUSES),
        _whole_number("price_band_bps", request.price_band_bps, MAX_PRICE_BAND_BPS),
        _number("reference_price", request.reference_price, MAX_PRICE, price_decimals, lowest=0),
        _whole_number("max_open_orders", request.max_open_orders, MAX_OPEN_ORDERS),
        _number("max_order_notional", request.max_order_notional, MAX_INTEGER, value_decimals, lowest=0),
        _whole_number("halt_bps", request.halt_bps, MAX_PRICE_BAND_BPS),
        _whole_number("halt_window_ms", request.halt_window_ms, MAX_HALT_WINDOW_MS),
        _whole_number("halt_ms", request.halt_ms, MAX_HALT_MS),
    )


def _decimals(name: str, raw: Raw) -> int:
    if not is_given(raw):
        raise ProblemError("missing_field", f"A new instrument needs {name}.", name)
    try:
        return decimals_of(number_text(raw, name))
    except DecimalError as error:
        raise ProblemError("invalid_value", f"{name} {error}.", name) from error


def _number(
    name: str, raw: Raw, maximum: int, decimals: int, too_fine: str = "invalid_value", lowest: int = 1
) -> int | None:
    return optional_number(raw, NumberField(name, maximum, "invalid_value", too_fine, lowest), decimals)


def _whole_number(name: str, value: int | None, most: int) -> int | None:
    if value is not None and not 0 <= value <= most:
        raise ProblemError("invalid_value", f"{name} takes a whole number from 0 to {most}.", name)
    return value
