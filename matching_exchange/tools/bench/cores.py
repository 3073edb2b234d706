"""The two cores: the compiled one where it is there, and the interpreted one. They are measured side by side."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from matcher import CORE
from matcher.compiled import ALWAYS, COMPILED, INTERPRETED, NEVER, VARIABLE
from matching_exchange.tools.bench.measure import Plan

SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {COMPILED: {VARIABLE: ALWAYS}, INTERPRETED: {VARIABLE: NEVER}}
"""What makes a process run that core."""


class Measured(Struct, frozen=True, kw_only=True):
    """What a process has found. `core` is the one that it ran."""

    core: str = CORE.kind


def cores_of(plan: Plan) -> list[str]:
    """The cores to measure. A compiled one that is not there is left out, with the reason."""
    if CORE.kind == COMPILED:
        return [COMPILED, INTERPRETED]
    plan.left_out.append(f"the compiled core: {CORE.reason}")
    return [INTERPRETED]


def core_line() -> str:
    """Say which core ran where no row names one."""
    if CORE.kind == COMPILED:
        return "Every line that names no core ran the compiled core, if it ran one."
    return f"Every line that names no core ran the interpreted core, if it ran one: {CORE.reason}."
