"""Which symbols a call is about: one, some, or all of them; and of which status they must be."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import MsgspecError, Struct

from gateway.binance.desk import Context
from gateway.binance.errors import BAD_COMBINATION, OTHER_STATUS, DialectError
from gateway.binance.given import Given
from gateway.binance.parameters import SYMBOL, SYMBOLS, Parameter, Values
from gateway.binance.row import Weigh
from gateway.binance.words import SYMBOL_STATUS
from protocol.instrument import Instrument

STATUS_WORDS: Final = ("TRADING", "HALT", "BREAK", "CANCEL_ONLY")

STATUS: Final = Parameter("symbolStatus", words=STATUS_WORDS)
ONE: Final = Parameter("symbol", SYMBOL, mandatory=True)
ONE_OR_MORE: Final = (Parameter("symbol", SYMBOL), Parameter("symbols", SYMBOLS), STATUS)

AT_ONCE: Final = 16
"""Symbols that are asked about at one time."""

View = Callable[[Context, Instrument], Awaitable[Any]]


class Selected(Struct, frozen=True):
    """alone: whether one symbol was named by itself. Its answer is then no list."""

    instruments: list[Instrument]
    alone: bool = False


async def select(context: Context, values: Values, *, needs_one: bool = False) -> Selected:
    """The symbols of the call. DialectError where both are named, where the status of the only one is another, or,
    with `needs_one`, where none is named."""
    one, some = values.optional_instrument(), values.instruments()
    if one is not None and some is not None:
        raise DialectError(BAD_COMBINATION)
    if needs_one:
        values.require_either("symbol", "symbols")
    status = values.text("symbolStatus")
    if one is not None:
        await check_status(context, one, status)
        return Selected([one], alone=True)
    if some is None:
        found = await context.desk.symbols.all()
    elif status is None:
        found = some
    else:
        wanted = {instrument.symbol for instrument in some}
        found = [each for each in await context.desk.symbols.all() if each.symbol in wanted]
    return Selected([each for each in found if status is None or SYMBOL_STATUS[each.status] == status])


async def check_status(context: Context, instrument: Instrument, status: str | None) -> None:
    """DialectError where the instrument is not of this status."""
    if status is not None:
        current = await context.exchange.instruments.current(instrument.symbol)
        if SYMBOL_STATUS[current.status] != status:
            raise DialectError(OTHER_STATUS)


async def for_each(context: Context, selected: Selected, view: View) -> Any:
    """The view of each symbol."""
    views: list[Any] = []
    for begin in range(0, len(selected.instruments), AT_ONCE):
        some = selected.instruments[begin : begin + AT_ONCE]
        views += await asyncio.gather(*(view(context, instrument) for instrument in some))
    return views[0] if selected.alone else views


def by_symbols(one: int, every: int, *, each: bool = False, most: int = 200) -> Weigh:
    """The weight of a call about one symbol, and of a call about all; `each` counts those of a list, up to `most`."""

    def weigh(given: Given) -> int:
        if "symbol" in given.texts:
            return one
        listed = given.texts.get("symbols")
        if listed is None:
            return every
        try:
            count = len(msgspec.json.decode(listed, type=list[str]))
        except (MsgspecError, UnicodeDecodeError):
            count = 1
        return max(1, min(count * one, most)) if each else every

    return weigh
