"""Request bodies: one fast decode. If it fails, a slow second look finds the field at fault and what it takes.

Of a key that is there twice, the last one counts.
"""

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, MsgspecError, Struct
from msgspec.structs import FieldInfo

from gateway.native.problems import ProblemError

Body = TypeVar("Body", bound=Struct)

_BAD_BODY: Final = (MsgspecError, UnicodeDecodeError, RecursionError)
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_TAKES: Final[dict[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def body_decoder(kind: type[Body]) -> Callable[[bytes], Body]:
    """A function from a body to a `kind`. It raises the ProblemError that explains a bad body."""
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> Body:
        try:
            return decode(body)
        except _BAD_BODY as error:
            raise _explain(body, kind) from error

    return read


def _explain(body: bytes, kind: type[Struct]) -> ProblemError:
    try:
        given = _decode_fields(body)
    except _BAD_BODY:
        return ProblemError("invalid_json")
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in given:
        if name not in known:
            return ProblemError("unknown_field", f"The call takes {', '.join(known)}.", name)
    for name, field in known.items():
        if field.required and name not in given:
            return ProblemError("missing_field", f"The call needs {name}.", name)
    for name, raw in given.items():
        try:
            msgspec.json.decode(raw, type=known[name].type)
        except UnicodeDecodeError:
            return ProblemError("invalid_json", "The body takes UTF-8.", name)
        except MsgspecError:
            return ProblemError("invalid_value", f"{name} takes {_takes(known[name])}.", name)
    return ProblemError("invalid_json")


def _takes(field: FieldInfo) -> str:
    plain, said = _plain(field.type)
    if "enum" in said:
        return f"one of {', '.join(said['enum'])}"
    takes = _TAKES.get(get_origin(plain) or plain, "another value")
    return f'{takes} such as "{said["examples"][0]}"' if plain is str and "examples" in said else takes


def _plain(kind: Any) -> tuple[Any, Mapping[str, Any]]:
    """The type without None, and what the OpenAPI document says about it."""
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        return _plain(next(part for part in get_args(kind) if part is not NoneType))
    if get_origin(kind) is Annotated:
        plain, *said = get_args(kind)
        return plain, {name: value for meta in said for name, value in _said_by(meta).items()}
    return kind, {}


def _said_by(meta: Meta) -> dict[str, Any]:
    return {**({} if meta.examples is None else {"examples": meta.examples}), **(meta.extra_json_schema or {})}
