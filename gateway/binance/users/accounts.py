"""Subscriptions to accounts: an account is heard in every shard at once."""

from collections.abc import Callable

from gateway.binance.desk import Desk
from gateway.binance.users.account_channels import AccountChannels, Hear, Listener
from gateway.link.errors import MatcherUnavailableError


class Heard:
    """A subscription. `lose` is called once, when it can tell no more without a hole."""

    def __init__(self, lose: Callable[[], None]) -> None:
        self.listeners: list[tuple[AccountChannels, Listener]] = []
        self._lose: Callable[[], None] | None = lose

    @property
    def is_lost(self) -> bool:
        return self._lose is None

    def lose(self) -> None:
        lose, self._lose = self._lose, None
        if lose is not None:
            lose()


class Accounts:
    """One for each worker and unit of time."""

    def __init__(self, desk: Desk, unit: int) -> None:
        self._shards: list[AccountChannels] = []
        for broker in desk.broker.brokers:
            self._shards.append(AccountChannels(desk, broker, unit, self._shards))

    async def subscribe(self, account: str, hear: Hear, lose: Callable[[], None]) -> Heard:
        """Hear the account from now on. Fails as the link, also where one shard is away."""
        heard = Heard(lose)
        try:
            for channels in self._shards:
                heard.listeners.append((channels, await channels.enter(account, hear, heard.lose)))
            if heard.is_lost:
                raise MatcherUnavailableError
            for channels, listener in heard.listeners:
                channels.listen(listener)
        except BaseException:
            self.leave(heard)
            raise
        return heard

    def leave(self, heard: Heard) -> None:
        """The subscription is over."""
        for channels, listener in heard.listeners:
            channels.leave(listener)
