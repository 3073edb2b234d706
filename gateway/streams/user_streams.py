"""The WebSocket of an account: what happens to its orders, from the beginning that its client asks for."""

from typing import Final

from starlette.websockets import WebSocket

from gateway.http.resources import query_parameters, required, whole_number
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments
from gateway.native.json.words import check_name
from gateway.streams.serve import OpenChannels, StreamCount, serve_stream
from gateway.streams.user_channel import UserChannel
from gateway.streams.user_history import UserHistory
from protocol.units import MAX_INTEGER

CHECKS_PER_SECOND: Final = 100
"""How often, all channels of the worker together, the matcher is asked whether something was lost."""


class UserStreams:
    """The WebSocket endpoint of the accounts' streams."""

    def __init__(self, broker: Broker, instruments: Instruments, count: StreamCount) -> None:
        self._broker = broker
        self._instruments = instruments
        self._count = count
        self._history = UserHistory(broker)
        self._channels: OpenChannels[UserChannel] = OpenChannels(broker)
        broker.on_open(self._matcher_is_back)

    async def serve(self, websocket: WebSocket) -> None:
        await serve_stream(websocket, self._count, self._stream)

    async def _stream(self, websocket: WebSocket) -> None:
        parameters = query_parameters(websocket.scope, "account", "after")
        account = check_name("account", required(parameters, "account"))
        after = whole_number(parameters, "after", 0, 0, MAX_INTEGER) if "after" in parameters else None
        await self._channels.attend(
            websocket, account, lambda: self._open_channel(account), lambda channel: channel.new_client(after)
        )

    def _open_channel(self, account: str) -> UserChannel:
        return UserChannel(account, self._broker, self._instruments, self._history, self._pace)

    def _pace(self) -> float:
        return len(self._channels) / CHECKS_PER_SECOND

    def _matcher_is_back(self) -> None:
        for channel in self._channels:
            channel.matcher_is_back()
