"""Faults that are built in on purpose: the simulation has to find each."""

from enum import Enum


class Planted(Enum):
    """What a node or a server does wrong."""

    NO_FENCING = "append without a comparison"
    RECORD_KEY = "append where the record's key does not exist, in place of head's version"
    NO_LEASE = "answer queries without the rule of 300 ms"
    LEASE_FROM_ANSWER = "count the 300 ms from the answer of the log"
    READ_OLD_CLOCK = "read the clock before the queries are taken"
    READ_AHEAD = "answer queries from a state ahead of the log"
    ANSWER_AHEAD = "answer commands before they are committed"
    REFUSED_IS_FENCED = "take a refused try as fenced without a look"
    UNKNOWN_IS_NOT_TAKEN = "take an unknown outcome as not taken, and append another record"
    RECEIVED_OLD_CLOCK = "read the clock before a record is taken"
    LEASE_AFTER_HANDOVER = "answer queries after the handover"
    SAME_EPOCH = "append an Epoch without bytes that are drawn for it"
