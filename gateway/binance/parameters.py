"""The parameters of a call: what each of them takes, and what was read of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import MsgspecError

from gateway.binance.errors import (
    BAD_SYMBOL,
    BAD_VALUE,
    EMPTY,
    ILLEGAL,
    MISSING,
    MISSING_BOTH,
    NOT_READ,
    NOT_REQUIRED,
    DialectError,
    Fault,
)
from gateway.binance.given import Given
from gateway.binance.symbols import Symbols
from gateway.binance.times import nanoseconds
from protocol.instrument import Instrument
from protocol.units import MAX_INTEGER

INTEGER_RANGE: Final = "^[0-9]{1,20}$"
DECIMAL_RANGE: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
SYMBOLS_RANGE: Final = r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$'

_INTEGER: Final = re.compile(r"[0-9]{1,20}")
_DECIMAL: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_BOOLEANS: Final = {"true": True, "false": False}


class Kind(Enum):
    """What a parameter is read as, and as what `Values` tells it.

    TEXT: str.
    DECIMAL: str, checked. The instrument tells what it counts.
    INTEGER: int, from 0 to MAX_INTEGER.
    BOOLEAN: bool.
    TIME: int, in nanoseconds; sent in milliseconds or microseconds.
    SYMBOL: Instrument. SYMBOLS: a list of them, sent as a JSON array of names.
    """

    TEXT = "text"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"
    SYMBOL = "symbol"
    SYMBOLS = "symbols"


TEXT, DECIMAL, INTEGER, BOOLEAN, TIME, SYMBOL, SYMBOLS = Kind


class Parameter:
    """words: the only texts that it takes, if any are named; they are TEXT. fault: of another text.

    names_symbols: whether it is SYMBOL or SYMBOLS.
    read: what a text of any other kind is read as. DialectError for one that the parameter does not take.
    """

    __slots__ = ("_fault", "kind", "mandatory", "name", "names_symbols", "read", "words")

    def __init__(
        self,
        name: str,
        kind: Kind = TEXT,
        *,
        mandatory: bool = False,
        words: Sequence[str] = (),
        fault: Fault = BAD_VALUE,
    ) -> None:
        self.name = name
        self.kind = kind
        self.mandatory = mandatory
        self.names_symbols = kind in (SYMBOL, SYMBOLS)
        self.read: Callable[[str], Any] = self._read_word if words else _reader(name, kind)
        self.words = tuple(words)
        self._fault = fault

    def _read_word(self, text: str) -> str:
        if text not in self.words:
            raise DialectError(self._fault, *((self.name,) if "%s" in self._fault.text else ()))
        return text


def _reader(name: str, kind: Kind) -> Callable[[str], Any]:
    """Reads the texts of a parameter of this kind."""
    readers: dict[Kind, Callable[[str, str], Any]] = {INTEGER: integer, TIME: _time, DECIMAL: decimal, BOOLEAN: _flag}
    return partial(readers[kind], name) if kind in readers else str


SECURITY_NAMES: Final = frozenset({"timestamp", "recvWindow", "signature", "apiKey", "timeUnit", "returnRateLimits"})
"""Parameters that the frame reads. No call lists them."""


class Values:
    """The parameters that were sent, by name. Each method tells those of its kind; None for one that was not sent."""

    __slots__ = ("_read",)

    def __init__(self, read: Mapping[str, Any]) -> None:
        self._read = read

    def __contains__(self, name: str) -> bool:
        return name in self._read

    def text(self, name: str) -> str | None:
        """A TEXT or a DECIMAL."""
        found: str | None = self._read.get(name)
        return found

    def number(self, name: str) -> int | None:
        """An INTEGER or a TIME."""
        found: int | None = self._read.get(name)
        return found

    def flag(self, name: str, *, default: bool = False) -> bool:
        found: bool = self._read.get(name, default)
        return found

    def instrument(self, name: str = "symbol") -> Instrument:
        """The SYMBOL, which must have been sent."""
        found = self.optional_instrument(name)
        assert found is not None, "the parameter is mandatory, or the call has looked"
        return found

    def optional_instrument(self, name: str = "symbol") -> Instrument | None:
        found: Instrument | None = self._read.get(name)
        return found

    def instruments(self, name: str = "symbols") -> list[Instrument] | None:
        found: list[Instrument] | None = self._read.get(name)
        return found

    def limit(self, default: int = 500, most: int = 1000) -> int:
        """The `limit`, held to 1 and `most`."""
        given = self.number("limit")
        return default if given is None else max(1, min(given, most))

    def require(self, *names: str) -> None:
        """DialectError for the first of these that was not sent."""
        for name in names:
            if name not in self._read:
                raise DialectError(MISSING, name)

    def refuse(self, *names: str) -> None:
        """DialectError for the first of these that was sent."""
        for name in names:
            if name in self._read:
                raise DialectError(NOT_REQUIRED, name)

    def require_either(self, first: str, second: str) -> None:
        """DialectError where neither was sent."""
        if first not in self._read and second not in self._read:
            raise DialectError(MISSING_BOTH, first, second)


async def read(
    parameters: Sequence[Parameter],
    given: Given,
    symbols: Symbols,
    *,
    strict: bool,
    check: Callable[[Values], None] | None = None,
) -> Values:
    """What was sent for these parameters. DialectError for the first that is at fault; symbols come last.

    strict: whether a parameter that the call does not know is a fault too.
    check: looks at all but the symbols.
    """
    given.check()
    texts = given.texts
    read: dict[str, Any] = {}
    named: list[Parameter] = []
    for parameter in parameters:
        text = texts.get(parameter.name)
        if text is None:
            if parameter.mandatory:
                raise DialectError(MISSING, parameter.name)
        elif not text:
            raise DialectError(EMPTY, parameter.name)
        elif parameter.names_symbols:
            named.append(parameter)
        else:
            read[parameter.name] = parameter.read(text)
    if strict:
        _check_all_known(given, len(read) + len(named))
    values = Values(read)
    if check is not None:
        check(values)
    for parameter in named:
        text = texts[parameter.name]
        if parameter.kind is SYMBOL:
            read[parameter.name] = symbols.known(text) or await symbols.find(text)
        else:
            read[parameter.name] = [await symbols.find(name) for name in _names(parameter.name, text)]
    return values


def _check_all_known(given: Given, known: int) -> None:
    """DialectError where texts were sent beside those of the call, `known` of them, and those that the frame reads."""
    unknown = len(given.texts) - known - len(SECURITY_NAMES & given.texts.keys())
    if unknown:
        sent = len(given.texts) + (given.signature is not None)
        raise DialectError(NOT_READ, sent - unknown, sent)


def integer(name: str, text: str) -> int:
    """The whole number. DialectError for another text, or a number that no command carries."""
    if not _INTEGER.fullmatch(text) or int(text) > MAX_INTEGER:
        raise DialectError(ILLEGAL, name, INTEGER_RANGE)
    return int(text)


def _time(name: str, text: str) -> int:
    return nanoseconds(integer(name, text))


def _flag(name: str, text: str) -> bool:
    found = _BOOLEANS.get(text.lower())
    if found is None:
        raise DialectError(BAD_VALUE, name)
    return found


def decimal(name: str, text: str) -> str:
    """The text, which is a decimal. DialectError for another one."""
    if not _DECIMAL.fullmatch(text):
        raise DialectError(ILLEGAL, name, DECIMAL_RANGE)
    return text


def _names(name: str, text: str) -> list[str]:
    """The names of a JSON array, each once."""
    try:
        found = msgspec.json.decode(text, type=list[str])
    except (MsgspecError, UnicodeDecodeError) as error:
        raise DialectError(ILLEGAL, name, SYMBOLS_RANGE) from error
    if not found:
        raise DialectError(BAD_SYMBOL)
    return list(dict.fromkeys(found))
