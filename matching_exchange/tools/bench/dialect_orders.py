"""Orders of the Binance dialect: what is sent, and the check of the answers."""

from itertools import islice
from typing import Any, Final

from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.mix import MIDDLE
from matching_exchange.tools.load_test.check import Checker
from matching_exchange.tools.load_test.orders import Flow, Market, Sent, Told
from protocol.instrument import format_decimal, parse_decimal
from protocol.units import Side

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
STATUS: Final = {"NEW": "open", "PARTIALLY_FILLED": "partially_filled", "FILLED": "filled", "EXPIRED": "canceled"}
LIVE: Final = ("NEW", "PARTIALLY_FILLED")


class DialectOrders:
    """Prepares the orders of a round, and checks the answers. run: makes their client ids its own."""

    def __init__(self, market: Market, run: str, seed: int, count: int) -> None:
        self._market = market
        self._run = run
        self._seed = seed
        self._count = count
        self._rounds = 0
        self._checker = Checker()
        self._sent: list[Sent] = []

    def prepare(self) -> list[dict[str, str]]:
        """The parameters of the next round: orders that were not sent before."""
        self._rounds += 1
        flow = Flow(self._market, MIDDLE, f"{self._run}-{self._rounds}", self._seed + self._rounds)
        self._sent = list(islice(flow, self._count))
        return [parameters_of(order, self._market) for order in self._sent]

    def check(self, number: int, result: Any) -> None:
        """Check that the FULL answer adds up and is that to the order of this number. Raises BenchError if not."""
        self._checker.answered(self._sent[number], read_full(result, self._market))
        if self._checker.count:
            raise BenchError(f"an answer cannot be true: {self._checker.faults[0]}")


def parameters_of(order: Sent, market: Market) -> dict[str, str]:
    """What an order is sent with, beside time and proof."""
    return {
        "symbol": market.symbol.replace("-", ""),
        "side": "BUY" if order.side is Side.BUY else "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": format_decimal(order.quantity, market.quantity_decimals),
        "price": format_decimal(order.price, market.price_decimals),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "FULL",
    }


def read_full(result: Any, market: Market) -> Told:
    """The order in a FULL answer, in the market's units."""

    def quantity(text: str) -> int:
        return parse_decimal(_shortened(text, market.quantity_decimals), market.quantity_decimals)

    def price(text: str) -> int:
        return parse_decimal(_shortened(text, market.price_decimals), market.price_decimals)

    whole, filled, status = quantity(result["origQty"]), quantity(result["executedQty"]), result["status"]
    return Told(
        str(result["orderId"]),
        result["clientOrderId"],
        SIDES[result["side"]],
        whole,
        price(result["price"]),
        STATUS.get(status, status),
        filled,
        whole - filled if status in LIVE else 0,
        [(price(fill["price"]), quantity(fill["qty"])) for fill in result["fills"]],
    )


def _shortened(text: str, decimals: int) -> str:
    """The decimal without the zeros that the dialect adds. BenchError where it has more decimals."""
    whole, _, fraction = text.partition(".")
    if fraction[decimals:].strip("0"):
        raise BenchError(f"an answer tells {text}: takes {decimals} decimals")
    return f"{whole}.{fraction[:decimals]}"
