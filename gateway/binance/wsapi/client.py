"""What waits for one socket of the WebSocket API. Answers of one turn of the loop leave together."""

import asyncio

from gateway.binance.sockets.client import Packet, SocketClient


class ApiClient(SocketClient):
    def __init__(self, unit: int) -> None:
        super().__init__(unit)
        self._corked: list[Packet] = []

    def offer(self, told: Packet) -> None:
        if not self._corked:
            asyncio.get_running_loop().call_soon(self._uncork)
        self._corked.append(told)

    def _uncork(self) -> None:
        corked, self._corked = self._corked, []
        joins = self._close_frame is None and not self._queue and len(corked) > 1
        if joins and self._send_frame(b"".join([each.frame for each in corked])):
            return
        for each in corked:
            super().offer(each)

    def flush(self) -> None:
        """Let what was offered go before what comes next, such as the end."""
        if self._corked:
            self._uncork()
