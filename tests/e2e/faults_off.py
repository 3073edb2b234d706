"""Calls about faults, on an exchange that does not allow them."""

from functools import partial
from typing import Any

import pytest

from matching_exchange import ExchangeError


def faults_are_off(boss: Any) -> None:
    """Where the operator has not allowed them."""
    fault = partial(boss.inject_fault, "latency", delay_ms=1)
    for refused in (fault, boss.faults, boss.clear_faults, partial(boss.remove_fault, 1)):
        with pytest.raises(ExchangeError, match="faults_off"):
            refused()
