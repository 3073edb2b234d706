"""Commands that fill all tables: orders that trade, are canceled and amended, and money that moves."""

from random import Random

from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from protocol.units import OrderType, Side
from tests.exchange import Matcher

SYMBOLS = ("BTC-USDT", "ETH-USDT")
PRICE = 5_000_000


class Load:
    """Draws commands from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.sent = 0

    def draw(self) -> Command:
        self.sent += 1
        random = self._random
        account, symbol = f"account-{random.randrange(5)}", random.choice(SYMBOLS)
        drawn = random.random()
        if self.sent > 10 and drawn < 0.15:
            return CancelOrder(random.randrange(1, self.sent), account)
        if self.sent > 10 and drawn < 0.2:
            return AmendOrder(random.randrange(1, self.sent), account, quantity=100_000)
        side = random.choice((Side.BUY, Side.SELL))
        kind = OrderType.MARKET if drawn > 0.9 else OrderType.LIMIT
        price = None if kind is OrderType.MARKET else PRICE + random.randrange(-10, 11) * 100
        return PlaceOrder(symbol, account, side, kind, random.randrange(1, 5) * 100_000, price)

    def send(self, matcher: Matcher, count: int) -> int:
        """Send so many commands, and wait for their answers. Returns the sequence of the last one."""
        with matcher.client() as client:
            client.send([self.draw() for _ in range(count)])
            return max(client.receive().sequence for _ in range(count))
