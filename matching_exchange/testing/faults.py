"""The faults of a test: what is done to the calls of its bot."""

from typing import Any

from matching_exchange.testing.http import Call


class Faults:
    """Adds and removes injected faults. `call` makes the calls of an administrator."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def add(
        self,
        fault: str,
        *,
        call: str | None = None,
        moment: str | None = None,
        account: str | None = None,
        key: str | None = None,
        chance: str | int | None = None,
        seed: int | None = None,
        skip: int | None = None,
        count: int | None = None,
        duration_ms: int | None = None,
        delay_ms: int | None = None,
        jitter_ms: int | None = None,
        retry_after: int | None = None,
        code: int | None = None,
    ) -> str:
        """Inject a fault; its fault_id. CallError names the field at fault.

        fault: latency, unavailable, rate_limited, outcome_unknown, disconnect or close.
        call: a pattern of method and path, `POST /orders*`, or of a method of the WebSocket API.
        moment: before, after or within. account, key: only calls of these.
        chance: a decimal text up to "1"; seed: of what is drawn.
        skip: matching calls that pass first. count: how often it strikes. duration_ms: how long it holds.
        delay_ms, jitter_ms: of latency. retry_after: seconds, of rate_limited. code: of close.
        """
        given = {name: value for name, value in locals().items() if name != "self" and value is not None}
        fault_id: str = self._call("POST", "/admin/faults", given)["fault_id"]
        return fault_id

    def list(self) -> list[dict[str, Any]]:
        """All that were added, with how many calls each has `matched` and `struck`."""
        faults: list[dict[str, Any]] = self._call("GET", "/admin/faults")["faults"]
        return faults

    def struck(self, fault_id: str) -> int:
        """How many calls the fault has struck. KeyError for one that is not kept."""
        return int({each["fault_id"]: each["struck"] for each in self.list()}[fault_id])

    def remove(self, fault_id: str) -> None:
        """CallError for one that is not kept."""
        self._call("DELETE", f"/admin/faults/{fault_id}")

    def clear(self) -> None:
        """Remove all."""
        self._call("DELETE", "/admin/faults")
