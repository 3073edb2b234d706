"""What a caller has sent, name by name, as text: over HTTP in a query and a form, in the WebSocket API as JSON."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

import msgspec
from msgspec import MsgspecError, Raw

from gateway.binance.errors import BAD_VALUE, DUPLICATE, TOO_MANY_PARAMETERS, DialectError

SIGNATURE: Final = "signature"

MAX_PARAMETERS: Final = 100
"""Parameters of a query or a form at most: reading them takes time."""

_QUOTE: Final = ord('"')

_decode_text: Final = msgspec.json.Decoder(str).decode


class Given:
    """texts: every parameter that was sent. A name in both query and form has the query's value.

    repeated: whether a name stands twice in one of them.
    signature: as it was sent, without percent-escapes; None where none was.
    """

    __slots__ = ("repeated", "signature", "texts")

    def __init__(self, texts: dict[str, str], signature: str | None, *, repeated: bool = False) -> None:
        self.texts = texts
        self.signature = signature
        self.repeated = repeated

    def check(self) -> None:
        """DialectError where a name stands twice."""
        if self.repeated:
            raise DialectError(DUPLICATE)


def read_http(query: bytes, form: bytes) -> Given:
    """The parameters of a request over HTTP. DialectError for too many of them."""
    of_form, repeated_in_form = _pairs(form)
    of_query, repeated_in_query = _pairs(query)
    texts = {**of_form, **of_query} if of_query else of_form
    # A plus sign that was not escaped has arrived as a space.
    signature = texts.pop(SIGNATURE, None)
    whole = None if signature is None else signature.replace(" ", "+")
    return Given(texts, whole, repeated=repeated_in_form or repeated_in_query)


def signed_text(query: bytes, form: bytes) -> bytes:
    """What is signed: the raw query and then the raw form, both without their `signature`."""
    return _unsigned(query) + _unsigned(form)


def _unsigned(text: bytes) -> bytes:
    if b"signature" not in text:
        return text
    pairs = text.split(b"&")
    return b"&".join([pair for pair in pairs if pair != b"signature" and not pair.startswith(b"signature=")])


def _pairs(text: bytes) -> tuple[dict[str, str], bool]:
    if not text:
        return {}, False
    if text.count(b"&") >= MAX_PARAMETERS:
        raise DialectError(TOO_MANY_PARAMETERS)
    pairs = list(filter(None, text.decode("latin-1").split("&")))
    texts: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            name, value = unquote_plus(name), unquote_plus(value)
        texts[name] = value
    return texts, len(texts) < len(pairs)


def read_json(params: Mapping[str, Raw]) -> Given:
    """The parameters of a request of the WebSocket API. Numbers keep the text that they were sent with.

    DialectError for an object or null as a value.
    """
    texts = {name: _text(name, bytes(value)) for name, value in params.items()}
    return Given(texts, texts.pop(SIGNATURE, None))


def _text(name: str, value: bytes) -> str:
    if value[0] == _QUOTE:
        try:
            text = _decode_text(value)
        except (MsgspecError, UnicodeDecodeError) as error:
            raise DialectError(BAD_VALUE, name) from error
        return text
    if value.startswith((b"{", b"null")):
        raise DialectError(BAD_VALUE, name)
    return value.decode("utf-8", "replace")
