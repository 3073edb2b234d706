"""Calls of administrators about injected faults. The exchange takes them where GATEWAY_FAULTS=allow."""

from typing import Any

from matching_exchange.client.call import Access, Call, Repeat, answer
from matching_exchange.client.calls.requests import put, put_decimals
from matching_exchange.client.calls.route import route
from matching_exchange.client.decimals import DecimalInput
from matching_exchange.client.types.faults import Fault, FaultList

_fault = answer(Fault)
_faults = answer(FaultList)


@route("POST", "/admin/faults")
def inject_fault(
    fault: str,
    *,
    moment: str | None = None,
    call: str | None = None,
    account: str | None = None,
    key: str | None = None,
    chance: DecimalInput | None = None,
    seed: int | None = None,
    skip: int | None = None,
    count: int | None = None,
    duration_ms: int | None = None,
    delay_ms: int | None = None,
    jitter_ms: int | None = None,
    retry_after: int | None = None,
    code: int | None = None,
) -> Call[Fault]:
    """Inject a fault into calls, to try what a client makes of it. What is missing means any call, always.

    fault: latency, unavailable, rate_limited, outcome_unknown, disconnect or close. moment: before, after or within.
    call: a pattern such as `POST /orders*`. account, key: only calls of these.
    chance: up to 1; seed: of what is drawn. skip: matching calls that pass first. count: how often it strikes.
    duration_ms: how long it holds. delay_ms, jitter_ms: of latency. retry_after: seconds. code: of close.
    """
    body: dict[str, Any] = {"fault": fault}
    put(
        body,
        moment=moment,
        call=call,
        account=account,
        key=key,
        seed=seed,
        skip=skip,
        count=count,
        duration_ms=duration_ms,
        delay_ms=delay_ms,
        jitter_ms=jitter_ms,
        retry_after=retry_after,
        code=code,
    )
    put_decimals(body, chance=chance)
    return Call("POST", "/admin/faults", _fault, Access.ADMIN, body=body)


@route("GET", "/admin/faults")
def faults() -> Call[FaultList]:
    """All injected faults."""
    return Call("GET", "/admin/faults", _faults, Access.ADMIN, Repeat.ALWAYS)


@route("DELETE", "/admin/faults")
def clear_faults() -> Call[FaultList]:
    """Remove all injected faults."""
    return Call("DELETE", "/admin/faults", _faults, Access.ADMIN, Repeat.ALWAYS)


@route("DELETE", "/admin/faults/{fault_id}")
def remove_fault(fault_id: int) -> Call[Fault]:
    """Remove an injected fault."""
    return Call("DELETE", f"/admin/faults/{fault_id}", _fault, Access.ADMIN)
