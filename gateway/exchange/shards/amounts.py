"""What accounts have in several shards, as one. Amounts are exact decimal texts of any size."""

from collections.abc import Iterable, Sequence
from decimal import MAX_PREC, Context, Decimal
from typing import Final

from protocol.events import AccountBalances, AccountList, AssetBalance, AssetSum

EXACT: Final = Context(prec=min(MAX_PREC, 1_000))
"""An amount has at most 64 characters in a command. So a sum over all accounts has far fewer digits."""


def added(texts: Iterable[str]) -> str:
    """The sum, without needless zeros."""
    total = Decimal(0)
    for text in texts:
        total = EXACT.add(total, Decimal(text))
    shown = format(total, "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) if total else "0"


def added_balances(each: Iterable[Sequence[AssetBalance]]) -> list[AssetBalance]:
    """The balances of all, by asset."""
    by_asset: dict[str, list[AssetBalance]] = {}
    for balances in each:
        for balance in balances:
            by_asset.setdefault(balance.asset, []).append(balance)
    return [
        AssetBalance(asset, added(each.free for each in same), added(each.locked for each in same))
        for asset, same in sorted(by_asset.items())
    ]


def joined_accounts(pages: Sequence[AccountList], limit: int) -> AccountList:
    """One page of the accounts of all shards, sorted, and the sums over all."""
    # Behind the end of a page that others follow, its shard may have accounts that it has not told.
    ends = [page.next for page in pages if page.next is not None]
    end = min(ends, default=None)
    same: dict[str, list[AccountBalances]] = {}
    for page in pages:
        for account in page.accounts:
            if end is None or account.account <= end:
                same.setdefault(account.account, []).append(account)
    accounts = [
        AccountBalances(name, added_balances(each.balances for each in found), sum(each.open_orders for each in found))
        for name, found in sorted(same.items())
    ]
    more = len(accounts) > limit
    following = accounts[limit - 1].account if more else end
    return AccountList(accounts[:limit], following, joined_sums(pages))


def joined_sums(pages: Iterable[AccountList]) -> list[AssetSum]:
    by_asset: dict[str, list[AssetSum]] = {}
    for page in pages:
        for asset_sum in page.sums:
            by_asset.setdefault(asset_sum.asset, []).append(asset_sum)
    return [
        AssetSum(
            asset,
            added(each.accounts for each in same),
            added(each.fees for each in same),
            added(each.outside for each in same),
            added(each.deposited for each in same),
            all(each.exact for each in same),
        )
        for asset, same in sorted(by_asset.items())
    ]
