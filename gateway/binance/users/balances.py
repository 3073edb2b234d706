"""What one account has, as its updates tell it. Amounts are decimals: texts with any number of decimals."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from gateway.binance.decimals import ZERO, fixed_text
from gateway.binance.rows.balances import UNLIMITED
from gateway.exchange.shards.amounts import added
from protocol.events import AssetBalance, BalancesPart

Amounts = tuple[str, str]
"""Free and locked."""

NOTHING: Final[Amounts] = ("0", "0")


class Wallet:
    """ledger: whether the account has one; without, it has any amount of every asset.

    beside: where there are several shards: the account's wallets in all of them. What is shown is the sum then.
    """

    def __init__(
        self,
        balances: Iterable[AssetBalance],
        *,
        ledger: bool,
        beside: "Callable[[], Iterable[Wallet]] | None" = None,
    ) -> None:
        self.ledger = ledger
        self._beside = beside
        self._amounts: dict[str, Amounts] = {each.asset: (each.free, each.locked) for each in balances}

    def take(self, part: BalancesPart) -> list[tuple[str, str]]:
        """Be as the update says. Returns what has come or gone of each asset: its name, and an amount with a sign."""
        self.ledger = part.ledger
        if not part.ledger:
            self._amounts.clear()
            return []
        moved = []
        for each in part.balances:
            before = self._amounts.get(each.asset, NOTHING)
            self._amounts[each.asset] = each.free, each.locked
            delta = difference((each.free, each.locked), before)
            if delta is not None:
                moved.append((each.asset, delta))
        return moved

    def view(self, assets: Sequence[str]) -> list[dict[str, Any]]:
        """The balances of these assets."""
        wallets: list[Wallet] = [self] if self._beside is None else list(self._beside())
        held = [wallet for wallet in wallets if wallet.ledger]
        if not held:
            return [{"a": asset, "f": UNLIMITED, "l": ZERO} for asset in assets]
        found = []
        for asset in assets:
            amounts = [wallet._amounts.get(asset, NOTHING) for wallet in held]
            free, locked = amounts[0] if len(amounts) == 1 else (added(column) for column in zip(*amounts, strict=True))
            found.append({"a": asset, "f": fixed_text(free), "l": fixed_text(locked)})
        return found


def difference(after: Sequence[str], before: Sequence[str]) -> str | None:
    """The sum of the amounts after, less those before, in at least eight decimals; None for no difference."""
    places = max(len(text.partition(".")[2]) for text in (*after, *before))
    units = sum(_units(text, places) for text in after) - sum(_units(text, places) for text in before)
    if not units:
        return None
    digits = str(abs(units)).rjust(places + 1, "0")
    whole = len(digits) - places
    return ("-" if units < 0 else "") + fixed_text(f"{digits[:whole]}.{digits[whole:]}" if places else digits)


def _units(text: str, places: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(places, "0"))
