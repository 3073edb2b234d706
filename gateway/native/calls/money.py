"""Calls about money: deposits, withdrawals, transfers, resets, the faucet, and what accounts have."""

from collections.abc import Awaitable, Mapping
from typing import Final, TypeVar

from msgspec import Raw
from msgspec.structs import astuple
from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.exchange.shards.money import BETWEEN_SHARDS, MAX_TRANSFER_ID
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.link.errors import OutcomeUnknownError, RefusedError, UnknownShardError
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.order_lists import orders
from gateway.native.calls.parameters import (
    account_of_path,
    cursor,
    page_of_account,
    query_parameters,
    time_of,
    whole_number,
)
from gateway.native.calls.shard_cursors import is_joined, pairs, pairs_text
from gateway.native.csv import listed
from gateway.native.json.decimals import number_text
from gateway.native.json.money_schemas import (
    AccountSummaryView,
    AmountRequest,
    BalancesAtView,
    FaucetView,
    MovementView,
    ResetRequest,
    TotalView,
    TransferRequest,
)
from gateway.native.json.money_views import (
    account_list,
    balance_views,
    balances_view,
    ledger_view,
    movement_list,
    position_view,
    shard_transfer_view,
    transfer_view,
)
from gateway.native.json.names import check_name
from gateway.native.json.times import format_exact_time, format_timestamp
from gateway.native.problem_kinds import KINDS
from gateway.native.problems import ProblemError
from protocol.commands import (
    AccountsQuery,
    CloseLedger,
    Deposit,
    MovementsQuery,
    ResetAccount,
    Transfer,
    Withdraw,
)
from protocol.instrument import MAX_DECIMAL_LENGTH, DecimalError, parse_decimal
from protocol.refusals import refusal_code
from protocol.units import CURRENCY_PATTERN, MAX_RESET_ASSETS, Refusal

MAX_MOVEMENTS: Final = 1000
"""Movements that one page holds at most."""

MAX_ACCOUNTS: Final = 1000
"""Accounts that one page holds at most."""

_AGAIN: Final = "No answer in time: the command may have been executed. Send it again with the same transfer_id."
_CLOSE_AGAIN: Final = "No answer in time: the command may have been executed. GET the account's balances tells whether."
_FAUCET_AGAIN: Final = "No answer in time: the account may have got it. Send the call again the same UTC day."

_SUBJECTS: Final = {"account": "The account", "to": "The account that to names"}
"""What a sentence about these fields begins with."""

_FIELDS: Final = {Refusal.INSUFFICIENT_BALANCE: "amount"}
"""The field at fault in these calls, where a refusal has another one elsewhere."""

_FIELDS_OF_TRANSFER: Final = {**_FIELDS, Refusal.OPEN_ORDERS: "to"}
"""In a transfer it is the receiver's ledger that begins."""

Result = TypeVar("Result")

_read_amount = body_decoder(AmountRequest)
_read_transfer = body_decoder(TransferRequest)
_read_reset = body_decoder(ResetRequest)


async def deposit(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    account = account_of_path(scope)
    request = _read_amount(await read_body(receive))
    command = Deposit(account, *_movement_of(exchange, request))
    return json_response(transfer_view(await told(exchange.money.at(request.shard).move(command), _AGAIN)))


async def withdraw(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    account = account_of_path(scope)
    request = _read_amount(await read_body(receive))
    command = Withdraw(account, *_movement_of(exchange, request))
    return json_response(transfer_view(await told(exchange.money.at(request.shard).move(command), _AGAIN)))


async def transfer(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    account = account_of_path(scope)
    request = _read_transfer(await read_body(receive))
    if request.from_shard is not None or request.to_shard is not None:
        return await _between_shards(exchange, account, request)
    if request.to is None:
        raise ProblemError("missing_field", "The call needs to.", "to")
    command = Transfer(account, check_name("to", request.to), *_movement_of(exchange, request))
    moved = exchange.money.at(request.shard).move(command)
    return json_response(transfer_view(await told(moved, _AGAIN, _FIELDS_OF_TRANSFER)))


async def _between_shards(exchange: Exchange, account: str, request: TransferRequest) -> HttpResponse:
    source, target = request.from_shard, request.to_shard
    if source is None or target is None:
        field = "from_shard" if source is None else "to_shard"
        raise ProblemError("missing_field", "A transfer between shards needs from_shard and to_shard.", field)
    for field, value in (("to", request.to), ("shard", request.shard)):
        if value is not None:
            raise ProblemError("invalid_value", f"A transfer between shards takes no {field}.", field)
    asset, amount, transfer_id = _amount_of(request)
    if len(transfer_id) > MAX_TRANSFER_ID:
        detail = f"transfer_id takes at most {MAX_TRANSFER_ID} characters between shards."
        raise ProblemError("invalid_value", detail, "transfer_id")
    for field, name in (("from_shard", source), ("to_shard", target)):
        if name not in exchange.money.shards:
            raise UnknownShardError(name, exchange.money.shards, field)
    if source == target:
        raise ProblemError("invalid_value", "to_shard takes another shard than from_shard.", "to_shard")
    moving = exchange.money.between(account, asset, amount, source, target, transfer_id)
    return json_response(shard_transfer_view(transfer_id, source, target, await told(moving, _AGAIN)))


async def reset(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    account = account_of_path(scope)
    request = _read_reset(await read_body(receive))
    if len(request.balances) > MAX_RESET_ASSETS:
        raise ProblemError("invalid_value", f"balances takes at most {MAX_RESET_ASSETS} assets.", "balances")
    balances = {
        read_asset(asset, "balances"): read_amount(amount, "balances", least=0)
        for asset, amount in request.balances.items()
    }
    command = ResetAccount(account, balances, check_name("transfer_id", request.transfer_id))
    return json_response(ledger_view(await told(exchange.money.at(request.shard).set_ledger(command), _AGAIN)))


async def close_ledger(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    account, parameters = page_of_account(scope, "shard")
    closing = exchange.money.at(parameters.get("shard")).set_ledger(CloseLedger(account))
    return json_response(ledger_view(await told(closing, _CLOSE_AGAIN)))


async def faucet(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    account, parameters = page_of_account(scope, "shard")
    if not exchange.money.faucet:
        raise ProblemError("faucet_off")
    try:
        given = await told(exchange.money.at(parameters.get("shard")).give(account), _FAUCET_AGAIN)
    except ProblemError as error:
        if error.code == "transfer_id_conflict":
            detail = "The account has had another amount from the faucet, this UTC day."
            raise ProblemError(error.code, detail, "account") from error
        raise
    view = balances_view(given.balances)
    return json_response(
        FaucetView(view.account, view.ledger, view.sequence, view.timestamp, view.balances, given.duplicate)
    )


async def balances(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    account, parameters = page_of_account(scope, "at", "shard")
    at, shard = time_of(parameters, "at"), parameters.get("shard")
    if shard is not None:
        if at is not None:
            raise ProblemError("invalid_value", "A balance at a time is that of all shards: name no shard.", "shard")
        return json_response(balances_view(await exchange.money.at(shard).balances(account)))
    if at is None:
        found = await exchange.money.split(account)
        return json_response(balances_view(found.total, found.shards))
    now = exchange.now()
    if at > now:
        detail = f"at takes a time that is past: it is {format_timestamp(now)}."
        raise ProblemError("invalid_value", detail, "at")
    totals = await exchange.history.accounts.totals_at(account, at)
    return json_response(BalancesAtView(account, format_exact_time(at), [TotalView(*astuple(each)) for each in totals]))


async def summary(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    found = await exchange.money.summary(account_of_path(scope))
    value = found.value
    known = dict(exchange.instruments.known)
    return json_response(
        AccountSummaryView(
            value.account,
            value.ledger,
            found.sequence,
            format_timestamp(found.timestamp),
            balance_views(value.balances),
            await orders(value.orders, known),
            value.more,
            [position_view(position, known[position.symbol]) for position in value.positions],
        )
    )


async def movements(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    account, parameters = page_of_account(scope, "asset", "after", "limit")
    asset = parameters.get("asset")
    if asset is not None:
        read_asset(asset, "asset")
    limit = whole_number(parameters, "limit", 100, 1, MAX_MOVEMENTS)
    after = parameters.get("after")
    if after is not None and is_joined(exchange, None):
        query = MovementsQuery(account, asset, limit)
        joined = await exchange.over_shards.joined_movements(query, pairs(exchange, after))
        page = movement_list(joined.items, pairs_text(joined.next))
    else:
        found = await exchange.history.accounts.movements(MovementsQuery(account, asset, limit, cursor(after)))
        page = movement_list(found.movements, None if found.next is None else "{}-{}".format(*found.next))
    return listed(scope, page, MovementView, page.movements, page.next)


async def list_accounts(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "after", "limit")
    after = parameters.get("after", "")
    if "after" in parameters:
        check_name("after", after)
    limit = whole_number(parameters, "limit", 100, 1, MAX_ACCOUNTS)
    return json_response(account_list(await exchange.money.accounts(AccountsQuery(after, limit))))


async def told(outcome: Awaitable[Result], unknown: str, fields: Mapping[Refusal, str] = _FIELDS) -> Result:
    """The outcome. A refusal is told with the matcher's numbers. `unknown` says what to do where nothing is known."""
    try:
        return await outcome
    except OutcomeUnknownError as error:
        raise ProblemError("outcome_unknown", unknown) from error
    except RefusedError as error:
        code = refusal_code(error.refusal)
        field = error.field or fields.get(error.refusal, KINDS[code].field)
        detail = error.detail
        if detail:
            detail = f"{_SUBJECTS.get(field, field)} {detail}."
            if error.refusal is Refusal.OPEN_ORDERS:
                detail += " Cancel them first, or reset the account."
        raise ProblemError(code, detail, field) from error


def _amount_of(request: AmountRequest | TransferRequest) -> tuple[str, str, str]:
    """Asset, amount and transfer_id of the request. ProblemError for the first that cannot be."""
    asset = read_asset(request.asset, "asset")
    return asset, read_amount(request.amount, "amount"), check_name("transfer_id", request.transfer_id)


def _movement_of(exchange: Exchange, request: AmountRequest | TransferRequest) -> tuple[str, str, str]:
    """The same, of a movement in one shard."""
    asset, amount, transfer_id = _amount_of(request)
    if exchange.parts and BETWEEN_SHARDS.fullmatch(transfer_id[transfer_id.rfind(":") :]):
        detail = "transfer_id takes no end such as :0-1: that is of transfers between shards."
        raise ProblemError("invalid_value", detail, "transfer_id")
    return asset, amount, transfer_id


def read_asset(text: str, field: str) -> str:
    """The asset. ProblemError where no instrument can have it: no command could carry it."""
    if not CURRENCY_PATTERN.fullmatch(text):
        raise ProblemError(refusal_code(Refusal.UNKNOWN_ASSET), field=field)
    return text


def read_amount(raw: Raw, field: str, least: int = 1, decimals: int = MAX_DECIMAL_LENGTH) -> str:
    """The text of the amount. ProblemError where it is none. Without decimals, it is one whatever the asset."""
    text = number_text(raw, field)
    try:
        value = parse_decimal(text, decimals)
    except DecimalError as error:
        raise ProblemError(refusal_code(Refusal.INVALID_AMOUNT), f"{field} {error}.", field) from error
    if value < least:
        takes = "a positive number" if least else "zero or more of each asset"
        raise ProblemError(refusal_code(Refusal.INVALID_AMOUNT), f"{field} takes {takes}.", field)
    return text
