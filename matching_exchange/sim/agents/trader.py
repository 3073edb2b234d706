"""What agents of one instrument share."""

from typing import TYPE_CHECKING

from matching_exchange.sim.agents.amounts import Sizes
from matching_exchange.sim.order_entry import Number, units_of
from matching_exchange.sim.strategy import Strategy

if TYPE_CHECKING:
    from matching_exchange.sim.market import Market
    from protocol.instrument import Instrument


class Trader(Strategy):
    """Trades one instrument.

    symbol: which one; None: the only or first one of the market.
    """

    def __init__(self, symbol: str | None = None) -> None:
        self.symbols = None if symbol is None else (symbol,)
        self._wanted = symbol

    def on_start(self, market: "Market") -> None:
        self.symbol = self._wanted or market.symbol
        if self.symbol not in market.instruments:
            raise ValueError(f"symbol takes one of {', '.join(market.instruments)}, not {self.symbol!r}")
        self.sizes = Sizes(market.instruments[self.symbol])

    @property
    def instrument(self) -> "Instrument":
        return self.sizes.instrument

    def units(self, quantity: Number, name: str) -> int:
        """A quantity in the instrument's unit: at least that of the smallest order."""
        units = units_of(quantity, self.instrument.quantity_decimals, name)
        if units < 1 or not self.sizes.lots(units):
            raise ValueError(f"{name} takes at least the instrument's smallest quantity, not {quantity}")
        return units

    def middle(self, market: "Market") -> int | None:
        """Between the best prices, else the last trade, in the price unit. None where nothing is known."""
        book = market.book(self.symbol)
        if book.bid_units is not None and book.ask_units is not None:
            return (book.bid_units + book.ask_units) // 2
        last = market.last_trade(self.symbol)
        return None if last is None else last.price_units
