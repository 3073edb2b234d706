"""The faults that hold now, and which of them strike a call."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from gateway.injected.rule import Asked, Called, Fault, Rule, Strike

MAX_FAULTS: Final = 1_000
"""Faults that are kept at once, those that strike no more among them."""


class TooManyFaultsError(Exception):
    """No further fault is kept."""


class InjectedFaults:
    """Those of one process, in the order in which they were asked for. `monotonic` is in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._asked: dict[int, Asked] = {}
        self._last_id = 0
        self.by_account = False
        """Whether a fault asks for the account of a call: to know that, its body is read."""

    def __len__(self) -> int:
        return len(self._asked)

    def add(self, rule: Rule) -> Asked:
        """TooManyFaultsError beyond MAX_FAULTS."""
        if len(self._asked) >= MAX_FAULTS:
            raise TooManyFaultsError
        self._last_id += 1
        asked = self._asked[self._last_id] = Asked(self._last_id, rule, self._monotonic())
        self._note_selectors()
        return asked

    def remove(self, fault_id: int) -> Asked | None:
        """The fault, which strikes no more; None where there is none of this number."""
        asked = self._asked.pop(fault_id, None)
        self._note_selectors()
        return asked

    def clear(self) -> list[Asked]:
        """All that were kept. None strikes any more."""
        asked = self.all()
        self._asked.clear()
        self._note_selectors()
        return asked

    def all(self) -> list[Asked]:
        return list(self._asked.values())

    def holds(self, asked: Asked) -> bool:
        """Whether it may still strike."""
        return asked.holds(self._monotonic())

    def strike(self, called: Called) -> Sequence[Strike]:
        """What strikes the call: any number of latencies, then at most one other fault, which ends the look."""
        now = self._monotonic()
        strikes: list[Strike] = []
        for asked in self._asked.values():
            strike = asked.look_at(called, now)
            if strike is not None:
                strikes.append(strike)
                if strike.rule.fault is not Fault.LATENCY:
                    break
        return strikes

    def _note_selectors(self) -> None:
        self.by_account = any(asked.rule.account is not None for asked in self._asked.values())
