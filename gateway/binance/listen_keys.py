"""Listen keys: names for the events of an account, as old clients ask for them.

Each is derived from an API key and the server key. So all workers know it, and it lives as long as the API key.
"""

from gateway.access.keys import KeyStore
from gateway.access.server_key import ServerKey, derive_listen_key
from protocol.keys import Key


class ListenKeys:
    """One for each worker."""

    def __init__(self, keys: KeyStore, server_key: ServerKey) -> None:
        self._keys = keys
        self._server_key = server_key
        # The listen keys that were derived, and those by which they are found.
        self._derived: dict[tuple[str, int], str] = {}
        self._found: dict[str, str] = {}

    def of(self, key: Key) -> str:
        """The listen key of an API key."""
        known = self._derived.get((key.key, key.generation))
        if known is None:
            known = derive_listen_key(self._server_key.get_or_nobodys(), key.key, key.generation)
            self._derived[key.key, key.generation] = known
            self._found[known] = key.key
        return known

    def find(self, listen_key: str) -> Key | None:
        """The good API key that a listen key is of."""
        if listen_key not in self._found:
            for each in self._keys.all():
                self.of(each)
        name = self._found.get(listen_key)
        key = None if name is None else self._keys.find(name)
        return key if key is not None and self.of(key) == listen_key else None
