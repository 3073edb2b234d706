"""The call by which a holder sees his own key."""

from starlette.types import Receive, Scope

from gateway.access.caller import caller_of
from gateway.exchange.exchange import Exchange
from gateway.http.responses import HttpResponse, json_response
from gateway.native.calls.keys import expire_time, permission_words
from gateway.native.calls.parameters import query_parameters
from gateway.native.json.key_schemas import OwnKey
from gateway.native.problems import ProblemError


async def show(_: Exchange, scope: Scope, __: Receive) -> HttpResponse:
    query_parameters(scope)
    key = caller_of(scope).key
    if key is None:
        raise ProblemError("unknown_key", "This gateway asks for no key: GATEWAY_AUTH is not keys.")
    return json_response(OwnKey(key.key, key.account, key.label, permission_words(key), expire_time(key)))
