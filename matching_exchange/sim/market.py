"""What a strategy sees of a market: the same in a simulation, in a backtest and on a running exchange.

Each call returns at once. What becomes of what was sent comes by `on_order`, later.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.kernel.values import Book, Order, Trade
from matching_exchange.sim.order_entry import Number
from protocol.commands import OrderTerms
from protocol.instrument import Instrument
from protocol.units import OrderType, Side


class Market(Protocol):
    """The market of one strategy.

    Prices, quantities and amounts are given as Decimal, text or whole number; a float is refused. Names that end in
    _units are the instrument's integers: 10^-price_decimals and 10^-quantity_decimals. Times and durations are
    nanoseconds. `symbol` None means the only one, or the first.
    """

    @property
    def now(self) -> int:
        """The time, in nanoseconds since 1970: virtual, or of this machine's clock."""
        ...

    @property
    def name(self) -> str:
        """The strategy's account."""
        ...

    @property
    def random(self) -> Chance:
        """Chance of its own: the same draws for the same seed and name."""
        ...

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Those that it may trade, by symbol."""
        ...

    @property
    def symbol(self) -> str:
        """The only symbol, or the first."""
        ...

    def buy(
        self,
        quantity: Number,
        price: Number | None = None,
        *,
        symbol: str | None = None,
        type: str | None = None,  # noqa: A002  the native API's word
        trigger_price: Number | None = None,
        **options: Any,
    ) -> Order:
        """Send an order. Without a price it is a market order, with one a limit order, unless `type` says otherwise in
        a word of the native API: ioc, fok, stop_market, ...

        options: post_only, display_quantity, expire_in (a duration), trailing_bps, trailing_amount, activation_price,
        max_slippage_bps, self_trade_prevention. Raises OrderEntryError, a ValueError, for a value that it does not
        take. What only the exchange can know comes by on_order: REFUSED or REJECTED.
        """
        ...

    def sell(
        self,
        quantity: Number,
        price: Number | None = None,
        *,
        symbol: str | None = None,
        type: str | None = None,  # noqa: A002  the native API's word
        trigger_price: Number | None = None,
        **options: Any,
    ) -> Order:
        """As buy."""
        ...

    def place(
        self,
        symbol: str,
        side: Side,
        quantity_units: int,
        price_units: int | None = None,
        order_type: OrderType = OrderType.LIMIT,
        trigger_units: int | None = None,
        terms: OrderTerms | None = None,
    ) -> Order:
        """Send an order in integers: the fast way."""
        ...

    def cancel(self, order: Order) -> None:
        """Cancel what remains of an order, answered or not: CANCELED, or CANCEL_FAILED."""
        ...

    def cancel_all(self, symbol: str | None = None) -> None:
        """Cancel all live orders, of one symbol or of all."""
        ...

    def amend(
        self,
        order: Order,
        *,
        quantity: Number | None = None,
        price: Number | None = None,
        trigger_price: Number | None = None,
    ) -> None:
        """Change an order: AMENDED, or AMEND_FAILED. `quantity` is the new total, the filled part included. Less
        quantity at the same price keeps its place in the queue."""
        ...

    def amend_units(
        self,
        order: Order,
        quantity_units: int | None = None,
        price_units: int | None = None,
        trigger_units: int | None = None,
    ) -> None:
        """As amend, in integers."""
        ...

    def wake_in(self, duration: int) -> None:
        """Ask for one on_wakeup, so much later."""
        ...

    def wake_at(self, time: int) -> None:
        """Ask for one on_wakeup at that time; at once if it is over."""
        ...

    def book(self, symbol: str | None = None) -> Book:
        """The best levels, as this strategy knows them now."""
        ...

    def last_trade(self, symbol: str | None = None) -> Trade | None:
        """The last public trade that it knows of."""
        ...

    def orders(self, symbol: str | None = None) -> list[Order]:
        """Its own orders that are live as far as it knows, oldest first."""
        ...

    def position(self, symbol: str | None = None) -> Decimal:
        """Bought less sold, by the fills that it was told."""
        ...

    def position_units(self, symbol: str | None = None) -> int:
        """As position, in the quantity unit."""
        ...

    def balance(self, asset: str) -> Decimal:
        """What it has of an asset, by the balances at the start and the fills that it was told, fees taken off. It
        begins at 0 without balances, and may be negative."""
        ...
