"""An order, and what else the naive engine keeps of an account."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from msgspec.structs import replace

from protocol.commands import OrderTerms, PlaceOco, PlaceOrder
from protocol.units import STOP_LEG_SUFFIX, OrderType, Reason, Side, TimeInForce

TAKE_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
TRAILING = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
WAITING = (*TAKE_PROFITS, *TRAILING, OrderType.STOP_MARKET, OrderType.STOP_LIMIT)


@dataclass(eq=False)
class NaiveAccount:
    suspended: bool = False
    cancel_at: int | None = None


class Tickets:
    """Places in line: each is behind all before."""

    def __init__(self) -> None:
        self._last = 0

    def __next__(self) -> int:
        self._last += 1
        return self._last


@dataclass(eq=False)
class NaiveRun:
    """The prices of trades in one direction that the trailing stops of the side `behind` have not followed yet: all of
    a command's but the first that is at another price than the trade before. `moved` are the others that it has moved,
    with the place of the trade."""

    symbol: str = ""
    behind: Side = Side.BUY
    prices: list[int] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)
    has_begun: bool = False

    def turns(self, price: int) -> bool:
        if not self.prices:
            return False
        return price < self.prices[-1] if self.behind is Side.SELL else price > self.prices[-1]

    def side_behind(self, earlier: int | None, price: int) -> Side | None:
        """The side that does not follow this trade at once."""
        if price == earlier:
            return None
        begun, self.has_begun = self.has_begun, True
        if not begun or earlier is None:
            return None
        return Side.SELL if price > earlier else Side.BUY


@dataclass(eq=False)
class NaiveOrder:
    """`entered` is the order as it was sent; for the leg of an OCO, as it would have been sent alone, with `oco` the
    whole of it. `slice` is the shown part of an iceberg that rests, `partner` the other leg while each can still end
    the other. `fee_cap` is the larger of the two rates as it entered, in basis points, `budget` what a quote_quantity
    may spend if its account has less. A trailing stop that is `active` follows the price, and once it has seen one it
    has a `mark`. `names` are its client_order_ids, the present one last. An order without a price takes nothing beyond its `bound`, and `stop` is the reason of its end there.
    `met` is the price of the last order that it has come to.
    """

    order_id: int
    entered: PlaceOrder
    quantity: int
    remaining: int
    price: int | None
    trigger_price: int | None
    terms: OrderTerms
    state: Literal["pending", "taking", "resting", "done"] = "done"
    is_rejected: bool = False
    reason: Reason | None = None
    ticket: int = 0
    has_rested: bool = False
    filled: int = 0
    filled_value: int = 0
    prevented: int = 0
    prevented_value: int = 0
    slice: int = 0
    fee_cap: int = 0
    budget: int | None = None
    active: bool = False
    mark: int | None = None
    oco: PlaceOco | None = None
    oco_id: int | None = None
    partner: "NaiveOrder | None" = field(default=None, repr=False)
    time: int = 0
    fired: int = 0
    bound: Fraction | None = None
    stop: Reason | None = None
    met: int | None = None
    names: list[str | None] = field(default_factory=list)

    @property
    def client_order_id(self) -> str | None:
        return self.names[-1]

    @property
    def is_open_only(self) -> bool:
        return self.entered.open_only_client_order_id and self.entered.client_order_id is not None

    @property
    def side(self) -> Side:
        return self.entered.side

    @property
    def account(self) -> str:
        return self.entered.account

    @property
    def waits(self) -> bool:
        """Whether it is of a type that waits before it runs."""
        return self.entered.order_type in WAITING

    @property
    def working_since(self) -> int | None:
        """When it was taken in; if it waits, when it fired."""
        if self.waits:
            return self.fired or None
        return None if self.is_rejected else self.time

    @property
    def ends_its_partner(self) -> bool:
        """Whether its first trade cancels the other leg of its OCO."""
        return self.oco is not None and self.oco.cancel_on_first_fill

    @property
    def trails(self) -> bool:
        return self.entered.order_type in TRAILING

    def runs_as(self, order_type: OrderType) -> bool:
        """Whether it takes as an order of that type does: an IOC or a FOK."""
        in_force = {OrderType.IOC: TimeInForce.IOC, OrderType.FOK: TimeInForce.FOK}[order_type]
        return self.entered.order_type is order_type or self.terms.time_in_force is in_force

    def would_fire(self, last: int | None) -> bool:
        """Whether the last trade already meets what it would wait for."""
        if last is None:
            return False
        return self.terms.activation_price == last if self.trails else self.trigger_distance(last) <= 0

    @property
    def is_done(self) -> bool:
        return self.state == "done"

    @property
    def shown(self) -> int:
        """What a taker can take of it at a time, and depth tells."""
        return self.remaining if self.terms.display_quantity is None else self.slice

    @property
    def unspent(self) -> int | None:
        """What is left of a quote_quantity."""
        quote_quantity = self.terms.quote_quantity
        return None if quote_quantity is None else quote_quantity - self.filled_value - self.prevented_value

    @property
    def affordable(self) -> int | None:
        """What is left of what a quote_quantity may spend."""
        if self.unspent is None or self.terms.quote_quantity is None or self.budget is None:
            return self.unspent
        return self.unspent - (self.terms.quote_quantity - self.budget)

    @property
    def parts(self) -> int:
        """In how many parts it can be taken."""
        display = self.terms.display_quantity
        return 1 if display is None else 1 + ceil(Fraction(self.remaining - self.slice, display))

    def show_next_slice(self) -> None:
        self.slice = min(self.terms.display_quantity or 0, self.remaining)

    @property
    def rises(self) -> bool:
        """Whether it waits for a trade at or above its trigger_price, rather than at or below."""
        return (self.side is Side.BUY) != (self.entered.order_type in TAKE_PROFITS)

    def price_rank(self) -> int:
        """Lower for a better resting price."""
        assert self.price is not None
        return -self.price if self.side is Side.BUY else self.price

    def stops_before(self, price: int) -> bool:
        """Whether that price is beyond what it may take."""
        return self.bound is not None and (price > self.bound if self.side is Side.BUY else price < self.bound)

    def trigger_distance(self, price: int) -> int:
        """How far a trade at that price is from meeting the trigger; zero or less where it does."""
        assert self.trigger_price is not None
        return self.trigger_price - price if self.rises else price - self.trigger_price

    def fires(self, earlier: int | None, price: int) -> bool:
        """Whether it waits for a trade at that price after one at the earlier price."""
        if self.trigger_price is None or self.trigger_distance(price) > 0:
            return False
        return earlier is None or self.trigger_distance(earlier) > 0

    def is_activated(self, earlier: int | None, price: int) -> bool:
        """Whether the price gets to, or over, the activation_price of a trailing stop."""
        activation = self.terms.activation_price
        assert activation is not None, "a trailing stop without it is active at once"
        return (
            price == activation if earlier is None else earlier < activation <= price or price <= activation < earlier
        )

    def follows(self, price: int) -> bool:
        """Whether an active trailing stop takes the price as its mark."""
        return self.mark is None or (price > self.mark if self.side is Side.SELL else price < self.mark)

    def trailing_trigger(self, tick: int) -> int:
        """Where the mark puts the trigger of a trailing stop."""
        assert self.mark is not None
        amount, bps = self.terms.trailing_amount, self.terms.trailing_bps
        trail = Fraction(self.mark * (bps or 0), 10_000) if amount is None else Fraction(amount)
        if self.side is Side.SELL:
            return max(floor((self.mark - trail) / tick), 1) * tick
        return ceil((self.mark + trail) / tick) * tick


def stop_name(command: PlaceOco) -> str | None:
    """The client_order_id of the stop leg."""
    if command.stop_client_order_id is not None or command.client_order_id is None:
        return command.stop_client_order_id
    return command.client_order_id + STOP_LEG_SUFFIX


def same_order(known: NaiveOrder, command: PlaceOrder | PlaceOco) -> bool:
    """Whether the order was entered by an equal command; the deadline does not matter."""
    entered: PlaceOrder | PlaceOco = known.oco or known.entered
    entered_ids = (known.names[0], command.client_order_id)
    return comparable(entered) == comparable(command) and (known.oco is not None or len(set(entered_ids)) == 1)


def comparable(command: PlaceOrder | PlaceOco) -> PlaceOrder | PlaceOco:
    if isinstance(command, PlaceOco):
        return replace(command, deadline=0, stop_client_order_id=stop_name(command))
    return replace(command, deadline=0, terms=command.terms or OrderTerms())
