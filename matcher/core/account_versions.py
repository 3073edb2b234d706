"""The versions of accounts' statuses, where several matchers hold the same accounts: the newest one counts."""

from bisect import bisect_right, insort


class AccountVersions:
    """`changed` is the sequence of the last change; zero before the first. An account without a version has zero."""

    def __init__(self) -> None:
        self.changed = 0
        self._versions: dict[str, int] = {}
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._names)

    def of(self, name: str) -> int:
        return self._versions.get(name, 0)

    def put(self, name: str, version: int) -> None:
        """Note the version of an account's status."""
        if name not in self._versions:
            insort(self._names, name)
        self._versions[name] = version

    def after(self, name: str, limit: int) -> list[str]:
        """Names of accounts that have a version, sorted, those after `name`."""
        start = bisect_right(self._names, name)
        return self._names[start : start + limit]

    def all(self) -> list[tuple[str, int]]:
        """All names that have a version, sorted, with it."""
        return [(name, self._versions[name]) for name in self._names]
