"""Matches that self-trade prevention has kept from trading: the last ones of each account, and of all together."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Final

from protocol.events import PreventedMatch

MAX_OF_ACCOUNT: Final = 1_000
"""Matches of one account that are remembered."""

MAX_PREVENTED_MATCHES: Final = 100_000
"""Matches of all accounts that are remembered; at most some 90 MB."""

PLACES: Final = 1 << 20
"""Matches of one command are fewer."""


class PreventedMatches:
    """Each account's are oldest first. `last_id` is the newest of all accounts, remembered or not.

    `_accounts`: whose each match is, by id; the oldest of all accounts first.
    """

    __slots__ = ("_accounts", "_by_account", "_most", "last_id")

    def __init__(self, most: int = MAX_PREVENTED_MATCHES) -> None:
        self._most = most
        self._accounts: OrderedDict[int, str] = OrderedDict()
        self._by_account: dict[str, deque[PreventedMatch]] = {}
        self.last_id = 0

    def __len__(self) -> int:
        return len(self._accounts)

    def next_id(self, sequence: int) -> int:
        """The id of the next match of the command with this sequence."""
        return max(self.last_id, sequence * PLACES) + 1

    def add(self, account: str, match: PreventedMatch) -> None:
        """Remember one that is newer than all others, and forget the oldest above the bounds."""
        known = self._by_account.get(account)
        if known is None:
            known = self._by_account[account] = deque()
        known.append(match)
        self._accounts[match.prevented_match_id] = account
        self.last_id = match.prevented_match_id
        if len(known) > MAX_OF_ACCOUNT:
            del self._accounts[known.popleft().prevented_match_id]
        elif len(self._accounts) > self._most:
            self._forget_oldest()

    def of(self, account: str) -> list[PreventedMatch]:
        """Those of an account, oldest first."""
        return list(self._by_account.get(account, ()))

    def known(self) -> Iterator[tuple[str, list[PreventedMatch]]]:
        """Those of all accounts."""
        for account, matches in self._by_account.items():
            yield account, list(matches)

    def restore(self, account: str, matches: list[PreventedMatch]) -> None:
        """Bring back all of an account, oldest first. `restored` must follow."""
        self._by_account[account] = deque(matches)

    def restored(self) -> None:
        """All accounts are back: bring the order of their matches back, which their ids tell."""
        accounts = self._by_account.items()
        found = sorted((match.prevented_match_id, account) for account, matches in accounts for match in matches)
        self._accounts = OrderedDict(found)
        if found:
            self.last_id = found[-1][0]
        while len(self._accounts) > self._most:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, account = self._accounts.popitem(last=False)
        known = self._by_account[account]
        known.popleft()
        if not known:
            del self._by_account[account]
