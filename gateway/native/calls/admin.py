"""Routes of the administrator: instruments, saving and loading a book, the digest of the state."""

import hmac
from typing import Final

from msgspec import Raw
from starlette.types import Receive, Scope

from gateway.http.resources import Guard, Reply, header, json_reply, query_parameters, read_body, required
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments
from gateway.native.calls.bodies import body_decoder
from gateway.native.json.decimals import NumberField, is_given, number_text, optional_number
from gateway.native.json.schemas import DigestView, InstrumentRequest, LoadedBookView, SavedBookView
from gateway.native.json.times import format_timestamp
from gateway.native.json.translate import instrument_view
from gateway.native.json.words import read_word, word
from gateway.native.problems import ProblemError, expect
from protocol.commands import DigestQuery, LoadBook, SaveBook, SetInstrument
from protocol.events import BookLoaded, BookSaved, Digest, InstrumentSet
from protocol.instrument import DecimalError, Instrument, decimals_of
from protocol.units import MAX_FEE_BPS, MAX_INTEGER, MAX_PRICE, MAX_QUANTITY, SYMBOL_PATTERN, InstrumentStatus

LONG_SECONDS: Final = 30.0
"""How long a query waits whose work grows with the books: a save, a digest."""

STATUSES: Final = {word(status): status for status in InstrumentStatus}

_read_instrument = body_decoder(InstrumentRequest)


def token_guard(token: str) -> Guard:
    """A guard that lets calls with the header `Authorization: Bearer <token>` pass."""
    expected = token.encode()

    def guard(scope: Scope) -> None:
        scheme, _, given = (header(scope, b"authorization") or b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given, expected):
            raise ProblemError("unauthorized")

    return guard


class Admin:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def set_instrument(self, scope: Scope, receive: Receive) -> Reply:
        """POST /admin/instruments"""
        query_parameters(scope)
        request = _read_instrument(await read_body(receive))
        known = {instrument.symbol: instrument for instrument in await self._instruments.all()}
        command = _command(request, known.get(request.symbol))
        changed = expect(InstrumentSet, (await self._broker.submit(command)).value).instrument
        self._instruments.known[changed.symbol] = changed
        return json_reply(instrument_view(changed))

    async def save(self, scope: Scope, receive: Receive) -> Reply:
        """POST /admin/save"""
        symbol = required(query_parameters(scope, "symbol"), "symbol")
        await self._instruments.find(symbol)
        answer = await self._broker.query(SaveBook(symbol), timeout=LONG_SECONDS, repeat=LONG_SECONDS)
        saved = expect(BookSaved, answer.value)
        return json_reply(
            SavedBookView(saved.symbol, saved.file, saved.orders, answer.sequence, format_timestamp(answer.timestamp))
        )

    async def digest(self, scope: Scope, receive: Receive) -> Reply:
        """GET /admin/digest"""
        query_parameters(scope)
        answer = await self._broker.query(DigestQuery(), timeout=LONG_SECONDS)
        return json_reply(DigestView(answer.sequence, expect(Digest, answer.value).digest))

    async def load(self, scope: Scope, receive: Receive) -> Reply:
        """POST /admin/load"""
        symbol = required(query_parameters(scope, "symbol"), "symbol")
        await self._instruments.find(symbol)
        answer = await self._broker.submit(LoadBook(symbol))
        loaded = expect(BookLoaded, answer.value)
        skipped = [str(order_id) for order_id in loaded.skipped]
        timestamp = format_timestamp(answer.timestamp)
        return json_reply(LoadedBookView(loaded.symbol, loaded.restored, skipped, answer.sequence, timestamp))


def _command(request: InstrumentRequest, known: Instrument | None) -> SetInstrument:
    """The command that adds the instrument, or changes the known one: a new one's units come from its tick_size and
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
        _basis_points("maker_fee_bps", request.maker_fee_bps),
        _basis_points("taker_fee_bps", request.taker_fee_bps),
        None if request.status is None else read_word("status", request.status, STATUSES),
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


def _basis_points(name: str, value: int | None) -> int | None:
    if value is not None and not 0 <= value <= MAX_FEE_BPS:
        raise ProblemError("invalid_value", f"{name} takes a whole number from 0 to {MAX_FEE_BPS}.", name)
    return value
