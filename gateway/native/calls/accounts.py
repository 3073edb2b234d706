"""Routes of whole accounts: cancel on silence and, for the administrator, suspending an account and letting it trade
again."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.http.resources import Reply, json_reply, query_parameters, read_body
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments
from gateway.native.calls.bodies import body_decoder
from gateway.native.json.schemas import AccountView, CancelAfterRequest, CancelAfterView
from gateway.native.json.times import MILLISECOND, format_timestamp
from gateway.native.json.words import check_name
from gateway.native.mass_cancels import cancel_many
from gateway.native.problems import ProblemError, expect
from protocol.commands import CancelAfter, SetAccountStatus
from protocol.events import AccountState
from protocol.units import MAX_CANCEL_AFTER, MIN_CANCEL_AFTER

SHORTEST: Final = MIN_CANCEL_AFTER // MILLISECOND
LONGEST: Final = MAX_CANCEL_AFTER // MILLISECOND
"""The bounds of a cancel on silence, in milliseconds."""

_read_cancel_after = body_decoder(CancelAfterRequest)


class Accounts:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def cancel_after(self, scope: Scope, receive: Receive) -> Reply:
        """POST /accounts/{account}/cancel-after"""
        account = _account_of_path(scope)
        timeout = _read_cancel_after(await read_body(receive)).timeout_ms
        if timeout != 0 and not SHORTEST <= timeout <= LONGEST:
            detail = f"timeout_ms takes a whole number from {SHORTEST} to {LONGEST}, or 0 to switch it off."
            raise ProblemError("invalid_value", detail, "timeout_ms")
        state = expect(AccountState, (await self._broker.submit(CancelAfter(account, timeout * MILLISECOND))).value)
        cancel_at = None if state.cancel_at is None else format_timestamp(state.cancel_at)
        return json_reply(CancelAfterView(state.account, timeout, cancel_at))

    async def suspend(self, scope: Scope, receive: Receive) -> Reply:
        """POST /admin/accounts/{account}/suspend"""
        return await self._set_status(scope, suspended=True)

    async def resume(self, scope: Scope, receive: Receive) -> Reply:
        """POST /admin/accounts/{account}/resume"""
        return await self._set_status(scope, suspended=False)

    async def _set_status(self, scope: Scope, suspended: bool) -> Reply:
        command = SetAccountStatus(_account_of_path(scope), suspended)
        state, canceled = await cancel_many(self._broker, self._instruments, command, AccountState)
        return json_reply(AccountView(state.account, state.suspended, canceled.orders, canceled.count))


def _account_of_path(scope: Scope) -> str:
    query_parameters(scope)
    return check_name("account", scope["path_params"]["account"])
