"""A connection that a fault can break."""

from gateway.http.connections import HttpConnection
from gateway.striking.line import LINE


class BreakableConnection(HttpConnection):
    """Its requests, and the WebSocket that it becomes, find its transport in their scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"][LINE] = self.transport
