"""What may go wrong in a run, and how often. Each seed draws its own: some runs have much of one kind of fault."""

from enum import Enum

from msgspec import Struct

from matching_exchange.tools.simulate_replication.world import MS, World


class Point(Enum):
    """Where a process may be stopped between two steps that belong together."""

    TAKEN = "between taking a record and reading the clock"
    ELECT = "between the decision to lead and the append"
    APPEND = "before an append is sent"
    ANSWER = "between the question for the lease and the answer"
    QUERY = "between reading the clock of a turn and taking its queries"


class Fault(Enum):
    """What is done to the cluster."""

    PAUSE = "pause"
    KILL = "kill"
    CUT_NODE = "node cut off from the log"
    CUT_NODE_ONE_WAY = "node cut off from the log, one way"
    CUT_NODE_FROM_SOME = "node cut off from some servers"
    CUT_CLIENT = "client cut off from a node"
    SERVER_DOWN = "server down"
    SERVER_CUT = "server cut off"
    MAJORITY = "majority lost"
    CLOCK = "clock jumps"
    HANDOVER = "handover"
    SLOW_LOG = "slow log"


class Weather(Struct):
    """Probabilities are of one message, one record or one step.

    faults: the kinds that happen; none: nothing goes wrong. gap: nanoseconds between two of them.
    stall_at: where processes are stopped with the probability `stall`.
    loss, double, slow: of a message. watch_silent, watch_hole: of an event of a watch.
    commit: nanoseconds that a server needs at most.
    """

    faults: list[Fault]
    gap: int
    stall_at: Point | None = None
    stall: float = 0.0
    loss: float = 0.0
    double: float = 0.0
    slow: float = 0.0
    watch_silent: float = 0.0
    watch_hole: float = 0.0
    commit: int = 3 * MS
    checkpoint_every: int = 25


def calm(checkpoint_every: int = 25) -> Weather:
    """Nothing goes wrong."""
    return Weather([], 1000 * MS, checkpoint_every=checkpoint_every)


def draw(world: World) -> Weather:
    """The weather of a run."""
    random = world.random
    kinds = list(Fault)
    faults = random.sample(kinds, random.randrange(1, len(kinds) + 1))
    stall_at = random.choice((None, *Point))
    return Weather(
        faults,
        random.choice((200, 500, 1000, 2000)) * MS,
        stall_at,
        random.choice((0.002, 0.02, 0.1)) if stall_at is not None else 0.0,
        random.choice((0.0, 0.0, 0.002, 0.02)),
        random.choice((0.0, 0.0, 0.01, 0.1)),
        random.choice((0.0, 0.0, 0.005, 0.05)),
        random.choice((0.0, 0.0, 0.002, 0.02)),
        random.choice((0.0, 0.0, 0.01)),
        random.choice((2, 5, 20, 80)) * MS,
        random.choice((6, 15, 40)),
    )
