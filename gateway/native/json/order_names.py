"""How a client names an order: by its order_id, or as client:<client_order_id> of an account."""

from typing import Final

from starlette.types import Scope

from gateway.http.resources import query_parameters
from gateway.native.json.words import check_name
from gateway.native.problems import ProblemError
from protocol.units import DEFAULT_ACCOUNT, MAX_INTEGER, NAME_PATTERN

CLIENT_PREFIX: Final = "client:"

OrderName = tuple[int | None, str | None, str | None]
"""order_id, account and client_order_id, as commands and queries name an order."""


def read_order_name(text: str, account: str | None) -> OrderName:
    """What names the order; ProblemError `unknown_order` for what can be no order's name. The account is a checked one,
    or None."""
    if text.startswith(CLIENT_PREFIX):
        client_order_id = text.removeprefix(CLIENT_PREFIX)
        if not NAME_PATTERN.fullmatch(client_order_id):
            raise ProblemError("unknown_order")
        return None, account or DEFAULT_ACCOUNT, client_order_id
    order_id = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INTEGER)) else 0
    if not 1 <= order_id <= MAX_INTEGER or str(order_id) != text:
        raise ProblemError("unknown_order")
    return order_id, account, None


def order_of_path(scope: Scope) -> OrderName:
    """The order that the path and the query parameter `account` name."""
    account = query_parameters(scope, "account").get("account")
    if account is not None:
        check_name("account", account)
    return read_order_name(scope["path_params"]["order_id"], account)
