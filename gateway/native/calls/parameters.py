"""What a call's path and query string say."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Scope

from gateway.access.caller import caller_of
from gateway.native.json.names import OrderName, check_name, read_order_name
from gateway.native.json.times import parse_exact_time
from gateway.native.problems import ProblemError

CURSOR_PATTERN: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)
"""The sequence and the trade_id of a fill or of a movement."""


def query_parameters(scope: Scope, *allowed: str) -> dict[str, str]:
    """The parameters of the query string. ProblemError for one that is not allowed, or stands there twice."""
    parameters: dict[str, str] = {}
    if not scope["query_string"]:
        return parameters
    for name, text in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name not in allowed:
            raise ProblemError("unknown_field", f"The call takes {_listed(allowed)}.", name)
        if name in parameters:
            raise ProblemError("invalid_value", f"{name} takes one value.", name)
        parameters[name] = text
    return parameters


def required(parameters: Mapping[str, str], name: str) -> str:
    text = parameters.get(name)
    if text is None:
        raise ProblemError("missing_field", f"The call needs {name}.", name)
    return text


def whole_number(parameters: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    """The parameter as an integer from lowest to highest."""
    text = parameters.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and lowest <= int(text) <= highest):
        raise ProblemError("invalid_value", f"{name} takes a whole number from {lowest} to {highest}.", name)
    return int(text)


def time_of(parameters: Mapping[str, str], name: str) -> int | None:
    """The parameter as nanoseconds since 1970, at least zero: nothing happened before. None where it is missing."""
    text = parameters.get(name)
    return None if text is None else max(0, parse_exact_time(text, name))


def span(parameters: Mapping[str, str]) -> tuple[int | None, int | None]:
    """The times `from` and `to`, as of `time_of`. ProblemError where `to` is the earlier one."""
    begin, end = time_of(parameters, "from"), time_of(parameters, "to")
    if begin is not None and end is not None and begin > end:
        raise ProblemError("invalid_value", f"from takes a time up to that of to: {parameters['to']}.", "from")
    return begin, end


def cursor(text: str | None) -> tuple[int, int] | None:
    """The sequence and the trade_id of a parameter `after`."""
    if text is None:
        return None
    match = CURSOR_PATTERN.fullmatch(text)
    if match is None:
        raise ProblemError("invalid_value", "after takes the `next` of the answer that this one continues.", "after")
    return int(match[1]), int(match[2])


def order_with_parameters(scope: Scope, *allowed: str) -> tuple[OrderName, dict[str, str]]:
    """The order that the path and the query parameter `account` name, and the query parameters; `symbol` is one."""
    parameters = query_parameters(scope, "account", "symbol", *allowed)
    account = parameters.get("account")
    if account is not None:
        check_name("account", account)
    return read_order_name(scope["path_params"]["order_id"], caller_of(scope).filter(account)), parameters


def cancel_name(parameters: Mapping[str, str]) -> str | None:
    """The parameter `cancel_client_order_id`."""
    name = parameters.get("cancel_client_order_id")
    return None if name is None else check_name("cancel_client_order_id", name)


def account_of_query(scope: Scope, parameters: Mapping[str, str]) -> str:
    """The account that the query names, or the caller's."""
    account = parameters.get("account")
    if account is not None:
        check_name("account", account)
    return caller_of(scope).account(account)


def account_of_path(scope: Scope) -> str:
    """The account that the path names. The call takes no query parameters."""
    return page_of_account(scope)[0]


def page_of_account(scope: Scope, *allowed: str) -> tuple[str, dict[str, str]]:
    """The account that the path names, and the query parameters."""
    parameters = query_parameters(scope, *allowed)
    return caller_of(scope).account(check_name("account", scope["path_params"]["account"])), parameters


def _listed(names: tuple[str, ...]) -> str:
    return "no query parameters" if not names else "the query parameters " + ", ".join(names)
