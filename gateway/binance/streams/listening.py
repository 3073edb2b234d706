"""The events of an account on a socket of streams, by a listen key."""

from typing import TYPE_CHECKING

from gateway.access.keys import KeyStore
from gateway.binance.listen_keys import ListenKeys
from gateway.binance.sockets.client import packet, wrapped
from gateway.binance.streams.channel import StreamClient
from gateway.binance.users.accounts import Accounts, Heard
from gateway.http.responses import encode
from gateway.link.matcher_link import MatcherLink

if TYPE_CHECKING:
    from collections.abc import Callable


class Listening:
    """What a socket hears by one listen key. Events wait until it is entered."""

    def __init__(self, name: str, client: StreamClient, broker: MatcherLink) -> None:
        self._name = name
        self._client = client
        self._broker = broker
        self._waiting: list[bytes] | None = []
        self._listener: Heard | None = None
        self._leave_key: Callable[[], None] | None = None
        self._accounts: Accounts | None = None

    async def prepare(self, accounts: Accounts, keys: KeyStore, listen_keys: ListenKeys) -> bool:
        """Hear the account; whether the listen key is good. Fails as the link."""
        await keys.ready()
        key = listen_keys.find(self._name)
        if key is None:
            return False
        self._accounts = accounts
        self._listener = await accounts.subscribe(key.account, self._hear, self._lose)
        self._leave_key = keys.watch(key, self._lose)
        return True

    def enter(self) -> None:
        """Tell what has come, and from now on each event at once."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            self._hear(waiting)

    def leave(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None and self._accounts is not None:
            self._accounts.leave(listener)
            if self._leave_key is not None:
                self._leave_key()

    def _hear(self, events: list[bytes]) -> None:
        if self._waiting is not None:
            self._waiting += events
            return
        for event in events:
            self._client.offer(packet(wrapped(self._name, event) if self._client.combined else event))

    def _lose(self) -> None:
        if self._listener is not None:
            self.leave()
            self._hear([encode({"e": "eventStreamTerminated", "E": self._broker.now() // self._client.unit})])
