"""What ends a run."""


class TimeStandsStillError(Exception):
    """Agents answer each other, or themselves, without end at one moment."""


class SimulationEndedError(Exception):
    """A strategy has sent an order after the end."""
