"""The promises of an exchange, and how a run reports broken ones."""

from typing import Final

from msgspec import Struct

CASES_TOLD: Final = 20
"""Cases of a broken promise that are described, at most."""


class Promise(Struct):
    """What was promised, how often it was broken, and the first cases in words."""

    name: str
    broken: int = 0
    cases: list[str] = []

    def breach(self, case: str) -> None:
        self.broken += 1
        if len(self.cases) < CASES_TOLD:
            self.cases.append(case)
