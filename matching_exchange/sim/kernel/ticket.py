"""An order of an agent in a simulation: what the agent knows of it, and what the exchange has done."""

from mypy_extensions import mypyc_attr

from matching_exchange.sim.kernel.values import Order
from protocol.instrument import Instrument
from protocol.units import OrderType, Side


@mypyc_attr(acyclic=True)
class Ticket(Order):
    """The fields here are those of the exchange, which the agent learns later.

    agent, market: the places of its agent and of its symbol. It knows no objects of theirs: nothing here is a cycle.
    measured: whether the record has it.
    venue_id: its order_id; 0 before it has arrived, and if it was refused.
    left: what may still trade. state: its status, 0 before it has one.
    done, value: what has traded, and price x quantity of that.
    ahead: what stood before it at its price when it began to rest.
    arrival_bid, arrival_ask: the best prices when it was sent; 0 if there were none.
    """

    __slots__ = (
        "agent",
        "ahead",
        "arrival_ask",
        "arrival_bid",
        "arrived_at",
        "done",
        "done_at",
        "first_fill_at",
        "left",
        "market",
        "measured",
        "prevented",
        "rested_at",
        "state",
        "token",
        "value",
        "venue_id",
        "venue_price",
        "venue_quantity",
        "venue_trigger",
    )

    def __init__(
        self,
        agent: int,
        market: int,
        measured: bool,  # noqa: FBT001  made in one place
        instrument: Instrument,
        number: int,
        side: Side,
        order_type: OrderType,
        quantity_units: int,
        price_units: int | None,
        trigger_units: int | None,
        sent_at: int,
        token: object,
    ) -> None:
        super().__init__(instrument, number, side, order_type, quantity_units, price_units, trigger_units, sent_at)
        self.agent = agent
        self.token = token
        self.market = market
        self.measured = measured
        self.venue_id = 0
        self.left = quantity_units
        self.prevented = 0
        self.venue_quantity = quantity_units
        self.venue_price = price_units or 0
        self.venue_trigger = trigger_units or 0
        self.state = 0
        self.done = 0
        self.value = 0
        self.arrived_at = 0
        self.rested_at = 0
        self.first_fill_at = 0
        self.done_at = 0
        self.ahead = 0
        self.arrival_bid = 0
        self.arrival_ask = 0

    def row(self) -> tuple[int, ...]:
        """Its row in the record's table of orders."""
        return (
            self.agent,
            self.number,
            self.market,
            int(self.side),
            int(self.order_type),
            self.venue_price,
            self.venue_quantity,
            self.sent_at,
            self.arrived_at,
            self.rested_at,
            self.first_fill_at,
            self.done_at,
            self.done,
            self.value,
            self.state,
            self.arrival_bid,
            self.arrival_ask,
            self.ahead,
        )
