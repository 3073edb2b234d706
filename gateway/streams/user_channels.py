"""The accounts' channels of one worker: they share the queries that the matcher is asked."""

from typing import Final

from starlette.websockets import WebSocket

from gateway.http.closing import CloseFrame, Closing
from gateway.link.instruments import Instruments
from gateway.link.matcher_link import MatcherLink
from gateway.streams.serve import OpenChannels, Permit
from gateway.streams.user_channel import UserChannel, UserEncoders
from gateway.streams.user_client import UserClient
from gateway.streams.user_history import UserHistory

CHECKS_PER_SECOND: Final = 100
"""How often all channels together ask the matcher whether something was lost."""


class UserChannels:
    def __init__(self, broker: MatcherLink, instruments: Instruments, encoders: UserEncoders, closing: Closing) -> None:
        self._broker = broker
        self._instruments = instruments
        self._encoders = encoders
        self._closing = closing
        self._history = UserHistory(broker)
        self._channels: OpenChannels[UserChannel] = OpenChannels(broker)
        broker.on_open(self._matcher_is_back)

    async def attend(
        self,
        websocket: WebSocket,
        account: str,
        after: int | None,
        permit: Permit | None = None,
        revoked: CloseFrame | None = None,
    ) -> None:
        """Serve a client that knows everything up to the sequence `after`, or nothing."""
        await self._channels.attend(
            websocket,
            account,
            lambda: self._open_channel(account),
            lambda channel: channel.new_client(after),
            permit,
            revoked,
        )

    @property
    def available(self) -> bool:
        """Whether the matcher is there."""
        return self._broker.available

    def enter(self, account: str, after: int | None) -> tuple[UserChannel, UserClient]:
        """A client as in `attend`, which hears the account until it leaves."""
        channel = self._channels.open(account, lambda: self._open_channel(account))
        client = channel.new_client(after)
        channel.clients.add(client)
        return channel, client

    def leave(self, account: str, channel: UserChannel, client: UserClient) -> None:
        self._channels.leave(account, channel, client)

    def _open_channel(self, account: str) -> UserChannel:
        return UserChannel(
            account, self._broker, self._instruments, self._history, self._encoders, self._closing, self._pace
        )

    def _pace(self) -> float:
        return len(self._channels) / CHECKS_PER_SECOND

    def _matcher_is_back(self) -> None:
        for channel in self._channels:
            channel.matcher_is_back()
