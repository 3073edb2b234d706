"""What an order of a golden journal is drawn of."""

from itertools import count
from random import Random

from protocol.units import SelfTradePrevention, TimeInForce


class Draws:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names = count(1)

    def in_force(self) -> TimeInForce:
        return self.random.choice([TimeInForce.GTC] * 3 + list(TimeInForce))

    def tag(self) -> str | None:
        """Now and then a bad one."""
        return self.random.choice((None,) * 30 + ("grid-7", "~!") * 3 + ("a b",))

    def name(self) -> str | None:
        """Mostly a new one; now and then one of a few that come again."""
        if self.random.random() < 0.2:
            return f"again-{self.random.randint(1, 6)}"
        return None if self.random.random() < 0.2 else f"order-{next(self.names)}"

    def open_only(self) -> bool:
        return self.random.random() < 0.4

    def prevention(self) -> SelfTradePrevention:
        return self.random.choice([SelfTradePrevention.NONE] * 4 + list(SelfTradePrevention))
