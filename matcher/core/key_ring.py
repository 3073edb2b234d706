"""The API keys that are good, and when one of them was changed last."""

from bisect import bisect_right, insort

from protocol.keys import KeyState


class KeyRing:
    """`changed` is the sequence of the last change that counts for who may call; zero before the first."""

    def __init__(self) -> None:
        self.changed = 0
        self._states: dict[str, KeyState] = {}
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def get(self, key: str) -> KeyState | None:
        return self._states.get(key)

    def put(self, state: KeyState) -> None:
        """Add the key, or replace it."""
        key = state.key.key
        if key not in self._states:
            insort(self._ids, key)
        self._states[key] = state

    def remove(self, key: str) -> None:
        """Remove a key that is there."""
        del self._states[key]
        del self._ids[bisect_right(self._ids, key) - 1]

    def after(self, key: str, limit: int) -> list[KeyState]:
        """Keys in the order of their ids, those after `key`."""
        start = bisect_right(self._ids, key)
        return [self._states[each] for each in self._ids[start : start + limit]]

    def all(self) -> list[KeyState]:
        """All keys in the order of their ids."""
        return [self._states[each] for each in self._ids]
