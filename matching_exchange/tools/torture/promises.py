"""What an exchange promises, and how a run tells of what was broken."""

from typing import Final

from msgspec import Struct

CASES_TOLD: Final = 20
"""The most cases of a broken promise that are told in words."""


class Promise(Struct):
    """What was promised, how often it was broken, and the first cases in words."""

    name: str
    broken: int = 0
    cases: list[str] = []

    def breach(self, case: str) -> None:
        self.broken += 1
        if len(self.cases) < CASES_TOLD:
            self.cases.append(case)
