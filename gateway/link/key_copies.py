"""The copies of API keys in all shards but the first, which decides about them."""

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.link.answers import expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError
from gateway.link.on_behalf import Link
from protocol.commands import CopyKeys, KeysQuery
from protocol.events import KeyList, KeysCopied, KeyState
from protocol.key_commands import MAX_COPIED
from protocol.units import Refusal

PAGE: Final = 500
"""Keys of one answer."""

TRIES: Final = 20
"""How often keys are compared anew at most, where others change them meanwhile."""

Version = tuple[int, int, int, int]
"""The epoch and `changed` of the first shard, and those of a copy."""


class KeyCopies:
    """links: those of all shards, the first one first, each with its name."""

    def __init__(self, links: Sequence[Link], names: Sequence[str]) -> None:
        self._links = links
        self._names = names
        self._equal: dict[int, Version] = {}

    async def bring_up(self) -> list[str]:
        """Make every copy that of the first shard's keys. Returns the names of the shards where that is not so."""
        behind = []
        for number in range(1, len(self._links)):
            try:
                same = await self._bring_up(number)
            except (MatcherUnavailableError, OutcomeUnknownError):
                same = False
            if not same:
                behind.append(self._names[number])
        return behind

    async def _bring_up(self, number: int) -> bool:
        """Whether the copy is equal in the end. Refusals that no repetition mends are raised."""
        first, copy = self._links[0], self._links[number]
        for _ in range(TRIES):
            # The copy comes first: what is then written over it is not older than what others have written.
            copy_changed, first_changed = await _changed(copy), await _changed(first)
            if self._equal.get(number) == (first.epoch, first_changed, copy.epoch, copy_changed):
                return True
            here, copied = await _keys(copy)
            there, keys = await _keys(first)
            if here is None or there is None:
                continue
            put = [state for key, state in keys.items() if not _is_same(copied.get(key), state)]
            removed = [key for key in copied if key not in keys]
            if not put and not removed:
                self._equal[number] = first.epoch, there, copy.epoch, here
                return True
            try:
                for command in _commands(put, removed):
                    answer = await copy.submit(CopyKeys(here, *command))
                    here = expect(KeysCopied, answer.value).changed
            except RefusedError as error:
                if error.refusal is not Refusal.KEY_CONFLICT:
                    raise
        return False


def _commands(put: Sequence[KeyState], removed: Sequence[str]) -> Iterator[tuple[list[KeyState], list[str]]]:
    """What each command puts and removes. Room is made first."""
    for begin in range(0, len(removed), MAX_COPIED):
        yield [], list(removed[begin : begin + MAX_COPIED])
    for begin in range(0, len(put), MAX_COPIED):
        yield list(put[begin : begin + MAX_COPIED]), []


def _is_same(copied: KeyState | None, state: KeyState) -> bool:
    """Whether the copy is that of the key. The minute of its last use is the first shard's alone."""
    return copied is not None and (copied.key, copied.created) == (state.key, state.created)


async def _changed(link: Link) -> int:
    return expect(KeyList, (await link.query(KeysQuery())).value).changed


async def _keys(link: Link) -> tuple[int | None, dict[str, KeyState]]:
    """All keys, and `changed` of them; None where they have changed meanwhile."""
    states: dict[str, KeyState] = {}
    changed: int | None = None
    after: str | None = ""
    while after is not None:
        page = expect(KeyList, (await link.query(KeysQuery(PAGE, after))).value)
        if changed is not None and page.changed != changed:
            return None, {}
        changed, after = page.changed, page.next
        states.update((state.key.key, state) for state in page.keys)
    return changed, states
