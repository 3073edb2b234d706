"""The soak's load, sent by one client that waits for the answers."""

from matching_exchange.tools import history_soak
from matching_exchange.tools.history_soak import SYMBOLS
from tests.exchange import Matcher

__all__ = ["SYMBOLS", "Load"]


class Load(history_soak.Load):
    def send(self, matcher: Matcher, count: int) -> int:
        """Send so many commands, and wait for their answers. Returns the sequence of the last one."""
        with matcher.client() as client:
            client.send([self.draw() for _ in range(count)])
            return max(client.receive().sequence for _ in range(count))
