"""Faults that are built in on purpose: the simulation has to find each."""

from enum import Enum

from matching_exchange.tools.simulate_replication.weather import Fault, Point, Weather
from matching_exchange.tools.simulate_replication.world import MS


class Planted(Enum):
    """What a node or a server does wrong."""

    NO_FENCING = "append without a comparison"
    RECORD_KEY = "append where the record's key does not exist, in place of head's version"
    NO_LEASE = "answer queries without the rule of 300 ms"
    LEASE_FROM_ANSWER = "count the 300 ms from the answer of the log"
    LEASE_AFTER_HANDOVER = "answer queries after the handover"
    READ_OLD_CLOCK = "read the clock before the queries are taken"
    READ_AHEAD = "answer queries from a state ahead of the log"
    ANSWER_AHEAD = "answer commands before they are committed"
    RECEIVED_OLD_CLOCK = "read the clock before a record is taken"
    REFUSED_IS_FENCED = "take a refused try as fenced without a look"
    UNKNOWN_IS_NOT_TAKEN = "take an unknown outcome as not taken, and append another record"
    SAME_EPOCH = "append an Epoch without bytes that are drawn for it"

    @property
    def weather(self) -> Weather | None:
        """Where it shows soonest; None: in any weather."""
        gap, cut = 300 * MS, [Fault.CUT_CLIENT]
        if self is Planted.NO_LEASE:
            return Weather([Fault.PAUSE, *cut], gap)
        if self is Planted.LEASE_FROM_ANSWER:
            return Weather([Fault.PAUSE, *cut], gap, loss=0.02, commit=80 * MS)
        if self is Planted.READ_OLD_CLOCK:
            return Weather(cut, gap, Point.QUERY, 0.1)
        if self is Planted.RECEIVED_OLD_CLOCK:
            return Weather(cut, 5 * gap, Point.TAKEN, 0.2)
        if self is Planted.SAME_EPOCH:
            return Weather([Fault.CLOCK, Fault.HANDOVER, Fault.KILL], 100 * MS)
        return None
