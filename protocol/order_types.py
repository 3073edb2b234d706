"""What an order is: one row for each order type, one for each term. Matcher and gateway both read them here.

For a new order type of known behaviour, add a member to `OrderType` and a row to ORDER_TYPES. For a new term, add a
field to `OrderTerms` and a row to TERMS.
"""

from enum import Enum, IntEnum, auto
from typing import Final

from msgspec import Struct

from protocol.commands import NO_TERMS, OrderTerms
from protocol.units import MAX_SLIPPAGE_BPS, MAX_TRAILING_BPS, OrderType, Refusal, SelfTradePrevention, TimeInForce


class Unit(Enum):
    """The unit of a term."""

    FLAG = auto()
    """True or false."""

    WORD = auto()
    """A member of the enumeration `words`."""

    TEXT = auto()
    """Visible ASCII."""

    TIME = auto()
    """Nanoseconds since 1970; zero means none."""

    BASIS_POINTS = auto()

    PRICE = auto()
    """The instrument's price unit: takes a multiple of tick_size."""

    QUANTITY = auto()
    """The instrument's quantity unit: takes a multiple of lot_size."""

    VALUE = auto()
    """Price unit times quantity unit."""


class Term(Struct, frozen=True):
    """One field of OrderTerms.

    most: its upper bound: a number, or the name of a field of the instrument or of the order.
    instead_of: the terms that an order cannot have together with this one.
    words: the enumeration of its values, of a WORD.
    """

    name: str
    unit: Unit
    most: str | int | None = None
    instead_of: tuple[str, ...] = ()
    words: type[IntEnum] | None = None

    @property
    def not_allowed(self) -> Refusal:
        """The refusal of an order whose type does not take the term."""
        return Refusal[f"{self.name.upper()}_NOT_ALLOWED"]

    @property
    def off_step(self) -> Refusal:
        """The refusal of a value that is no multiple of the instrument's step."""
        return Refusal[f"{self.name.upper()}_OFF_{'TICK' if self.unit is Unit.PRICE else 'LOT'}"]

    @property
    def too_large(self) -> Refusal:
        """The refusal of a value above `most`."""
        return Refusal[f"{self.name.upper()}_TOO_LARGE"]


TERMS: Final = {
    term.name: term
    for term in (
        Term("post_only", Unit.FLAG),
        Term("self_trade_prevention", Unit.WORD, words=SelfTradePrevention),
        Term("expire_time", Unit.TIME),
        Term("display_quantity", Unit.QUANTITY, most="quantity"),
        Term("quote_quantity", Unit.VALUE),
        Term("trailing_bps", Unit.BASIS_POINTS, most=MAX_TRAILING_BPS),
        Term("trailing_amount", Unit.PRICE, most="max_price", instead_of=("trailing_bps",)),
        Term("activation_price", Unit.PRICE, most="max_price"),
        Term("max_slippage_bps", Unit.BASIS_POINTS, most=MAX_SLIPPAGE_BPS),
        Term("reject_if_triggered", Unit.FLAG),
        Term("time_in_force", Unit.WORD, instead_of=("post_only", "display_quantity"), words=TimeInForce),
        Term("tag", Unit.TEXT),
    )
}
"""By name, in the order of OrderTerms. If an order breaks several rules, the refusal names the first in this order."""

STEPPED_TERMS: Final = tuple(term for term in TERMS.values() if term.unit in (Unit.PRICE, Unit.QUANTITY))
"""The terms that take a multiple of the instrument's step."""


class RunsAs(Enum):
    """What an order does when it runs."""

    MARKET = auto()
    """Takes at any price; the rest is canceled."""

    LIMIT = auto()
    """Takes up to its price; the rest rests."""

    IOC = auto()
    """Takes up to its price; the rest is canceled."""

    FOK = auto()
    """Takes all of its quantity up to its price, or nothing."""


class Waits(Enum):
    """What an order waits for before it runs."""

    NO = auto()
    """Nothing: it runs at once."""

    STOP = auto()
    """A trade that has moved against it, at its trigger_price or beyond: above to buy, below to sell."""

    PROFIT = auto()
    """A trade that has moved in its favour, at its trigger_price or beyond: below to buy, above to sell."""

    TRAIL = auto()
    """As STOP, at a trigger_price that follows the best price at a distance."""


OF_ALL_TYPES: Final = frozenset({"self_trade_prevention", "tag"})
"""The terms that every order type takes."""


class TypeRow(Struct, frozen=True):
    """One order type. Every type takes the terms OF_ALL_TYPES beside its `terms`."""

    order_type: OrderType
    runs_as: RunsAs
    waits: Waits = Waits.NO
    terms: frozenset[str] = frozenset()

    @property
    def price(self) -> bool:
        """Whether it has a price."""
        return self.runs_as is not RunsAs.MARKET

    @property
    def trigger_price(self) -> bool:
        """Whether its sender gives a trigger_price."""
        return self.waits in (Waits.STOP, Waits.PROFIT)

    @property
    def trails(self) -> bool:
        return self.waits is Waits.TRAIL

    @property
    def rests(self) -> bool:
        """Whether it may rest in the book."""
        return self.runs_as is RunsAs.LIMIT

    def takes(self, term: str) -> bool:
        return term in OF_ALL_TYPES or term in self.terms


_RESTING: Final = frozenset({"post_only", "expire_time", "display_quantity"})
_WAITING: Final = frozenset({"reject_if_triggered"})
_WAITING_LIMIT: Final = _WAITING | _RESTING | {"time_in_force"}
_TAKING: Final = frozenset({"max_slippage_bps"})
_TRAILING: Final = frozenset({"trailing_bps", "trailing_amount", "activation_price"})

ORDER_TYPES: Final = {
    row.order_type: row
    for row in (
        TypeRow(OrderType.MARKET, RunsAs.MARKET, terms=_TAKING | {"quote_quantity"}),
        TypeRow(OrderType.LIMIT, RunsAs.LIMIT, terms=_RESTING),
        TypeRow(OrderType.IOC, RunsAs.IOC),
        TypeRow(OrderType.FOK, RunsAs.FOK),
        TypeRow(OrderType.STOP_MARKET, RunsAs.MARKET, Waits.STOP, _WAITING | _TAKING),
        TypeRow(OrderType.STOP_LIMIT, RunsAs.LIMIT, Waits.STOP, _WAITING_LIMIT),
        TypeRow(OrderType.TAKE_PROFIT, RunsAs.MARKET, Waits.PROFIT, _WAITING | _TAKING),
        TypeRow(OrderType.TAKE_PROFIT_LIMIT, RunsAs.LIMIT, Waits.PROFIT, _WAITING_LIMIT),
        TypeRow(OrderType.TRAILING_STOP, RunsAs.MARKET, Waits.TRAIL, _WAITING | _TRAILING | _TAKING),
        TypeRow(OrderType.TRAILING_STOP_LIMIT, RunsAs.LIMIT, Waits.TRAIL, _WAITING_LIMIT | _TRAILING),
    )
}
"""By order type, in the order of their numbers."""

RESTING: Final = frozenset(row.order_type for row in ORDER_TYPES.values() if row.rests)
"""The types that may rest in the book."""

TRIGGERED: Final = frozenset(row.order_type for row in ORDER_TYPES.values() if row.trigger_price)
"""The types whose sender gives a trigger_price."""

PENDING: Final = frozenset(row.order_type for row in ORDER_TYPES.values() if row.waits is not Waits.NO)
"""The types that wait before they run."""

TRAILS: Final = (False, *(ORDER_TYPES[order_type].trails for order_type in OrderType))
"""Whether an order type's trigger_price follows the market, by its number."""

WAITS: Final = (False, *(ORDER_TYPES[order_type].waits is not Waits.NO for order_type in OrderType))
"""Whether an order type waits before it runs, by its number."""

STOPS: Final = (False, *(ORDER_TYPES[order_type].waits is Waits.STOP for order_type in OrderType))
"""Whether an order type is a stop at a trigger_price of its sender, by its number."""

_TAKES_PRICE: Final = (False, *(ORDER_TYPES[order_type].price for order_type in OrderType))
_TAKES_TRIGGER_PRICE: Final = (False, *(ORDER_TYPES[order_type].trigger_price for order_type in OrderType))
_NOT_TAKEN: Final = (
    (),
    *(
        tuple((name, term.not_allowed) for name, term in TERMS.items() if not ORDER_TYPES[order_type].takes(name))
        for order_type in OrderType
    ),
)
"""The rows in the form in which new orders are checked, by the number of the order type. No type has the number 0."""

_EXCLUSIVE: Final = tuple((term.name, other, term.not_allowed) for term in TERMS.values() for other in term.instead_of)


def check_fields(
    order_type: OrderType, price: int | None, trigger_price: int | None, terms: OrderTerms
) -> Refusal | None:
    """The refusal of the first field that is missing or not taken by the order type. None if all fit."""
    if (price is not None) is not _TAKES_PRICE[order_type]:
        return Refusal.PRICE_REQUIRED if price is None else Refusal.PRICE_NOT_ALLOWED
    if (trigger_price is not None) is not _TAKES_TRIGGER_PRICE[order_type]:
        return Refusal.TRIGGER_PRICE_REQUIRED if trigger_price is None else Refusal.TRIGGER_PRICE_NOT_ALLOWED
    return None if terms is NO_TERMS and not TRAILS[order_type] else check_terms(order_type, terms)


def check_terms(order_type: OrderType, terms: OrderTerms) -> Refusal | None:
    """The refusal of the first term that is missing or not taken by the order type. None if all fit."""
    for name, refusal in _NOT_TAKEN[order_type]:
        if getattr(terms, name):
            return refusal
    for name, other, refusal in _EXCLUSIVE:
        if getattr(terms, name) and getattr(terms, other):
            return refusal
    if TRAILS[order_type] and terms.trailing_bps is None and terms.trailing_amount is None:
        return Refusal.TRAILING_REQUIRED
    return None
