"""Markets whose numbers are as long as instruments allow, with an account that has all kinds of orders in them."""

from dataclasses import dataclass, field
from decimal import Decimal

from protocol.instrument import format_decimal, parse_decimal
from protocol.units import MAX_DECIMALS
from tests.exchange import Exchange, Json

LEVELS = 10
MAKER = "maker"


@dataclass(frozen=True)
class Market:
    """An instrument of which prices next to `max_price` and quantities next to `max_quantity` are used."""

    tick_size: str
    lot_size: str
    max_price: str
    max_quantity: str
    fees: tuple[int, int] = (1, 3)
    names: dict[str, str] = field(default_factory=dict)
    """Its symbol and currencies, where they are not as usual."""

    def open(self, exchange: Exchange) -> str:
        """Its symbol."""
        maker, taker = self.fees
        return exchange.add_instrument(
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            max_price=self.max_price,
            max_quantity=self.max_quantity,
            min_notional="0",
            maker_fee_bps=maker,
            taker_fee_bps=taker,
            **self.names,
        )

    def price(self, ticks: int) -> str:
        """So many ticks below the highest price."""
        return _text(Decimal(self.max_price) - ticks * Decimal(self.tick_size))

    def quantity(self, lots: int) -> str:
        """So many lots below the largest quantity."""
        return _text(Decimal(self.max_quantity) - lots * Decimal(self.lot_size))

    def lots(self, count: int) -> str:
        return _text(count * Decimal(self.lot_size))

    def part_of_price(self, divisor: int) -> str:
        """The highest price divided, in whole ticks."""
        tick = Decimal(self.tick_size)
        return _text(Decimal(self.max_price) / divisor // tick * tick)

    @property
    def value(self) -> str:
        """Nearly the largest value of an order."""
        return f"{Decimal(self.price(1)) * Decimal(self.quantity(1)):f}"


def _text(number: Decimal) -> str:
    return format_decimal(parse_decimal(f"{number:f}", MAX_DECIMALS), MAX_DECIMALS)


LONG_NAMES = {"symbol": "1000000000000CAT-QUOTECURRENCY16", "base": "1000000000000CAT", "quote": "QUOTECURRENCY16C"}

MARKETS = {
    "usual": Market("0.01", "0.00001", "99999.99", "99.99999", fees=(10, 20)),
    "large": Market("0.01", "0.00001", "9999999.99", "9000", fees=(10, 20)),
    "tick 1e-12": Market("0.000000000001", "0.000000000001", "0.000999999999", "0.003"),
    "price 1e13": Market("1", "0.00001", "10000000000000", "3.07445"),
    "price 1e13 in cents": Market("0.01", "1", "99999999999.99", "307445"),
    "quantity 1e13": Market("1", "1", "307445", "10000000000000", names=LONG_NAMES),
}


def fill_market(exchange: Exchange, market: Market, symbol: str, account: str) -> int:
    """Ten levels on either side, trades, and for the account its fills and every kind of order; how many of its orders
    rest or wait."""
    price, quantity = market.price, market.quantity

    def place(
        order_type: str, side: str, lots: int, ticks: int | None = None, owner: str = account, **more: str | int
    ) -> Json:
        order = {
            "symbol": symbol,
            "account": owner,
            "order_type": order_type,
            "side": side,
            "quantity": quantity(lots),
            **more,
        }
        return exchange.post("/orders", order if ticks is None else {**order, "price": price(ticks)})

    for level in range(LEVELS):
        place("limit", "buy", 10 * level, 1010 + level, MAKER)
        place("limit", "sell", 10 * level, 1000 - level, MAKER)
    # The best ask is an own iceberg, of which a part is sold at once.
    iceberg = {
        "display_quantity": quantity(2),
        "self_trade_prevention": "cancel_oldest",
        "client_order_id": f"iceberg-{'x' * 40}",
    }
    place("limit", "sell", 1, 1001, **iceberg)
    place("trailing_stop", "sell", 3, trailing_amount=market.part_of_price(3))
    for lots in (100, 200):
        exchange.place(symbol, "limit", "buy", market.lots(lots), price(1001), account=MAKER)
    place("limit", "buy", 4, 1015, post_only=True)
    place("stop_market", "sell", 5, trigger_price=price(1500))
    place("stop_limit", "sell", 6, 998, trigger_price=price(1001))  # fires at once
    place("stop_limit", "sell", 7, 1600, trigger_price=price(1550))
    place("take_profit", "sell", 8, trigger_price=price(900))
    place("take_profit_limit", "sell", 9, 910, trigger_price=price(900), expire_time="2099-12-31T23:59:59Z")
    place("trailing_stop", "sell", 11, trailing_bps=9999, activation_price=price(900))
    oco = {"price": price(800), "stop_trigger_price": price(1700), "stop_price": price(1800)}
    exchange.post(
        "/orders/oco", {"symbol": symbol, "account": account, "side": "sell", "quantity": quantity(12), **oco}
    )
    return 11
