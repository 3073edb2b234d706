"""Matches that self-trade prevention has kept from trading: the last ones of each account."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from protocol.events import PreventedMatch

MAX_PREVENTED_MATCHES: Final = 1_000
"""Of one account."""

PLACES: Final = 1 << 20
"""Matches of one command are fewer."""


class PreventedMatches:
    """Each account's are oldest first. `last_id` is the newest of all accounts."""

    __slots__ = ("_by_account", "last_id")

    def __init__(self) -> None:
        self._by_account: dict[str, deque[PreventedMatch]] = {}
        self.last_id = 0

    def next_id(self, sequence: int) -> int:
        """The id of the next match of the command with this sequence."""
        return max(self.last_id, sequence * PLACES) + 1

    def add(self, account: str, match: PreventedMatch) -> None:
        """Remember one that is newer than all others."""
        known = self._by_account.get(account)
        if known is None:
            known = self._by_account[account] = deque()
        known.append(match)
        if len(known) > MAX_PREVENTED_MATCHES:
            known.popleft()
        self.last_id = match.prevented_match_id

    def of(self, account: str) -> list[PreventedMatch]:
        """Those of an account, oldest first."""
        return list(self._by_account.get(account, ()))

    def known(self) -> Iterator[tuple[str, list[PreventedMatch]]]:
        """Those of all accounts."""
        for account, matches in self._by_account.items():
            yield account, list(matches)
