"""Lists as tables for people and spreadsheets: one line of names, one line an item, the units of the JSON."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from msgspec import UNSET, Struct
from starlette.types import Scope

from gateway.http.heads import ROOT_PATH
from gateway.http.responses import NO_STORE, Header, HttpResponse, json_response
from gateway.native.json.schemas import Order

CSV: Final[Header] = (b"content-type", b"text/csv; charset=utf-8")

_JSON: Final = frozenset({"application/json", "application/*", "*/*"})
_LISTS: Final = frozenset({(Order, "trades")})
"""Fields that are lists, and empty in a list of orders. A table has no column for them."""

_TEXTS: Final = frozenset({"account", "client_order_id", "list_client_order_id", "tag", "transfer_id", "counterparty"})
"""Texts of users. They are quoted."""


def wants_csv(scope: Scope) -> bool:
    """Whether the request's Accept names text/csv before JSON."""
    for name, value in scope["headers"]:
        if name == b"accept":
            for part in value.decode("latin-1").split(","):
                kind = part.partition(";")[0].strip().lower()
                if kind == "text/csv":
                    return True
                if kind in _JSON:
                    return False
    return False


def listed(
    scope: Scope,
    answer: Struct,
    kind: type[Struct],
    items: Sequence[Struct],
    following: str | None,
    parameter: str = "after",
) -> HttpResponse:
    """The answer as JSON, or its items as a table where the request asks for one.

    following: the value of the parameter that asks for the following page. A table tells it in the header Link.
    """
    if not wants_csv(scope):
        return json_response(answer)
    names = [name for name in kind.__struct_fields__ if (kind, name) not in _LISTS]
    lines = [",".join(names), *(_line(names, item) for item in items), ""]
    headers = [CSV, NO_STORE]
    if following is not None:
        headers.append((b"link", f'<{_target(scope, parameter, following)}>; rel="next"'.encode("ascii")))
    return HttpResponse(200, "\r\n".join(lines).encode(), *headers)


def _line(names: Iterable[str], item: Struct) -> str:
    return ",".join(_cell(name, getattr(item, name)) for name in names)


def _cell(name: str, value: Any) -> str:
    if value is None or value is UNSET:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return '"{}"'.format(text.replace('"', '""')) if name in _TEXTS else text


def _target(scope: Scope, parameter: str, value: str) -> str:
    """The request's own target, with another value of the parameter."""
    query = scope["query_string"].decode("latin-1")
    parameters = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != parameter]
    path = f"{scope.get(ROOT_PATH, '')}{scope['raw_path'].decode('ascii')}"
    return f"{path}?{urlencode([*parameters, (parameter, value)])}"
