"""Calls of administrators that move money. Each movement has a transfer_id, which makes it one however often sent."""

from collections.abc import Mapping
from typing import Any

from matching_exchange.client.call import Access, AccountPlace, Call, Repeat, answer, given
from matching_exchange.client.calls.requests import new_name
from matching_exchange.client.calls.route import route
from matching_exchange.client.decimals import DecimalInput, decimal_text
from matching_exchange.client.pages import Pages
from matching_exchange.client.types.money import AccountBalances, AccountList, Ledger, ShardTransfer, Transfer

_transfer = answer(Transfer)
_shard_transfer = answer(ShardTransfer)
_ledger = answer(Ledger)
_accounts = answer(AccountList)


@route("GET", "/admin/accounts")
def accounts(*, limit: int = 100, after: str | None = None) -> Call[AccountList]:
    """One page of the accounts that have a ledger, and the sums of all assets. limit: 1 to 1,000."""
    return Call("GET", "/admin/accounts", _accounts, Access.ADMIN, Repeat.ALWAYS, query=given(limit=limit, after=after))


def iter_accounts() -> Pages[AccountList, AccountBalances]:
    """All accounts that have a ledger, sorted, page by page."""
    return Pages(
        accounts(), lambda found: found.accounts, lambda found: accounts(after=found.next) if found.next else None
    )


@route("POST", "/admin/accounts/{account}/deposit")
def deposit(
    account: str, asset: str, amount: DecimalInput, *, transfer_id: str | None = None, shard: str | None = None
) -> Call[Transfer]:
    """Put money on an account; the first deposit begins its ledger.

    transfer_id: made by the library if it is missing. Sent again under it after a lost answer: money moves once.
    shard: where the money is to be, if the exchange has several; the first one if it is missing.
    """
    return _move("deposit", account, _amount(asset, amount, shard), transfer_id)


@route("POST", "/admin/accounts/{account}/withdraw")
def withdraw(
    account: str, asset: str, amount: DecimalInput, *, transfer_id: str | None = None, shard: str | None = None
) -> Call[Transfer]:
    """Take free money off an account. transfer_id, shard: as in `deposit`. Raises Conflict `insufficient_balance`."""
    return _move("withdraw", account, _amount(asset, amount, shard), transfer_id)


@route("POST", "/admin/accounts/{account}/transfer")
def transfer(
    account: str,
    to: str,
    asset: str,
    amount: DecimalInput,
    *,
    transfer_id: str | None = None,
    shard: str | None = None,
) -> Call[Transfer]:
    """Move free money from an account to another. transfer_id, shard: as in `deposit`, of the sender."""
    return _move("transfer", account, {"to": to, **_amount(asset, amount, shard)}, transfer_id)


@route("POST", "/admin/accounts/{account}/transfer")
def transfer_between_shards(
    account: str,
    asset: str,
    amount: DecimalInput,
    *,
    from_shard: str,
    to_shard: str,
    transfer_id: str | None = None,
) -> Call[ShardTransfer]:
    """Move free money of an account from one shard to another. transfer_id: as in `deposit`."""
    name = transfer_id or new_name()
    return Call(
        "POST",
        "/admin/accounts/{account}/transfer",
        _shard_transfer,
        Access.ADMIN,
        Repeat.ALWAYS,
        body={**_amount(asset, amount, None), "from_shard": from_shard, "to_shard": to_shard, "transfer_id": name},
        account=account,
        account_place=AccountPlace.PATH,
        transfer_id=name,
    )


@route("POST", "/admin/accounts/{account}/reset")
def reset_account(
    account: str, balances: Mapping[str, DecimalInput], *, transfer_id: str | None = None, shard: str | None = None
) -> Call[Ledger]:
    """Cancel all orders of an account and give it these balances; of other assets it has nothing then.

    transfer_id, shard: as in `deposit`. Orders and balances of other shards stay.
    """
    name = transfer_id or new_name()
    texts = {asset: decimal_text(amount, "balances") for asset, amount in balances.items()}
    return Call(
        "POST",
        "/admin/accounts/{account}/reset",
        _ledger,
        Access.ADMIN,
        Repeat.ALWAYS,
        body={"balances": texts, "transfer_id": name, **_in(shard)},
        account=account,
        account_place=AccountPlace.PATH,
        transfer_id=name,
    )


@route("POST", "/admin/accounts/{account}/close-ledger")
def close_ledger(account: str, *, shard: str | None = None) -> Call[Ledger]:
    """Withdraw all that an account has, and make it unlimited again. Raises Conflict `open_orders`.

    shard: as in `deposit`. What is in other shards stays.
    """
    return Call(
        "POST",
        "/admin/accounts/{account}/close-ledger",
        _ledger,
        Access.ADMIN,
        query=given(shard=shard),
        account=account,
        account_place=AccountPlace.PATH,
    )


def _amount(asset: str, amount: DecimalInput, shard: str | None) -> dict[str, Any]:
    return {"asset": asset, "amount": decimal_text(amount, "amount"), **_in(shard)}


def _in(shard: str | None) -> dict[str, Any]:
    return {} if shard is None else {"shard": shard}


def _move(action: str, account: str, body: dict[str, Any], transfer_id: str | None) -> Call[Transfer]:
    name = transfer_id or new_name()
    return Call(
        "POST",
        f"/admin/accounts/{{account}}/{action}",
        _transfer,
        Access.ADMIN,
        Repeat.ALWAYS,
        body={**body, "transfer_id": name},
        account=account,
        account_place=AccountPlace.PATH,
        transfer_id=name,
    )
