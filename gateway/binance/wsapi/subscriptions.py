"""The accounts that one connection hears."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from gateway.access.keys import KeyStore
from gateway.binance.errors import ALREADY_SUBSCRIBED, NOT_SUBSCRIBED, DialectError
from gateway.binance.sockets.client import SocketClient, packet
from gateway.binance.users.accounts import Accounts, Heard
from gateway.http.responses import encode
from gateway.link.matcher_link import MatcherLink
from protocol.keys import Key


class Subscription(Struct):
    """listener: None until the account is heard. leave: ends the watch over its key."""

    number: int
    account: str
    of_session: bool
    listener: Heard | None = None
    leave: Callable[[], None] | None = None


class Subscriptions:
    """One for each connection."""

    def __init__(self, accounts: Accounts, keys: KeyStore, broker: MatcherLink, client: SocketClient) -> None:
        self._accounts = accounts
        self._keys = keys
        self._broker = broker
        self._client = client
        self._open: dict[int, Subscription] = {}
        self._next = 0

    @property
    def has_session(self) -> bool:
        """Whether that of the session is open."""
        return any(each.of_session for each in self._open.values())

    async def subscribe(self, account: str, key: Key, *, of_session: bool) -> int:
        """Hear the account; the number of the subscription. DialectError where it is heard already.

        Its events are offered to the client from the next turn of the loop on: the answer comes first.
        """
        if any(each.account == account for each in self._open.values()):
            raise DialectError(ALREADY_SUBSCRIBED)
        found = Subscription(self._next, account, of_session)
        self._next += 1
        self._open[found.number] = found

        def hear(events: list[bytes]) -> None:
            for event in events:
                self._say(found.number, event)

        def lose() -> None:
            self._end(found)

        try:
            found.listener = await self._accounts.subscribe(account, hear, lose)
        except BaseException:
            del self._open[found.number]
            raise
        found.leave = self._keys.watch(key, lose)
        return found.number

    def unsubscribe(self, number: int | None) -> Callable[[], None]:
        """End this subscription, or all; call what is returned after the answer. DialectError where there is none."""
        ended = list(self._open.values()) if number is None else [each for each in (self._open.get(number),) if each]
        if not ended:
            raise DialectError(NOT_SUBSCRIBED)

        def end() -> None:
            for each in ended:
                self._end(each)

        return end

    def end_session(self) -> None:
        """End that of the session, if there is one."""
        for each in [each for each in self._open.values() if each.of_session]:
            self._end(each)

    def views(self) -> list[dict[str, Any]]:
        return [{"subscriptionId": number} for number in self._open]

    def close(self) -> None:
        """The connection is gone."""
        for each in list(self._open.values()):
            self._stop(each)

    def _end(self, ended: Subscription) -> None:
        """Tell that it is over."""
        if self._open.get(ended.number) is ended and ended.listener is not None:
            self._stop(ended)
            time = self._broker.now() // self._client.unit
            self._say(ended.number, encode({"e": "eventStreamTerminated", "E": time}))

    def _stop(self, ended: Subscription) -> None:
        del self._open[ended.number]
        if ended.leave is not None:
            ended.leave()
        if ended.listener is not None:
            self._accounts.leave(ended.listener)

    def _say(self, number: int, event: bytes) -> None:
        self._client.offer(packet(b'{"subscriptionId":%d,"event":%b}' % (number, event)))
