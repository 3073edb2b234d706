"""Calls about injected faults: add, list, remove. They are there only where the operator allows faults."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.resources import read_body
from gateway.http.responses import JSON, NO_STORE, HttpResponse, encode, json_response
from gateway.injected.faults import MAX_FAULTS, InjectedFaults, TooManyFaultsError
from gateway.injected.rule import CODE, MILLION, MOMENTS, RETRY_AFTER, Asked, Fault, Moment, Rule
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.parameters import query_parameters
from gateway.native.json.decimals import NumberField, optional_number
from gateway.native.json.fault_schemas import (
    MAX_CALL,
    MAX_CODE,
    MAX_COUNT,
    MAX_DELAY_MS,
    MAX_DURATION_MS,
    MAX_RETRY_AFTER,
    MAX_SEED,
    MIN_CODE,
    FaultRequest,
    FaultView,
    FaultViews,
)
from gateway.native.json.names import check_name, not_a_word
from gateway.native.problems import ProblemError
from protocol.instrument import format_decimal

CHANCE_DECIMALS: Final = 6
CHANCE: Final = NumberField("chance", MILLION)

FAULTS: Final = {fault.value: fault for fault in Fault}

MILLISECONDS: Final = 1_000
"""In a second."""


class _Bound(Struct, frozen=True):
    """A whole number that a request holds. only: the one fault that takes it; None for all."""

    lowest: int
    highest: int
    only: Fault | None = None


RESERVED_CODES: Final = frozenset({1_004, 1_005, 1_006})
"""Close codes that no frame bears, below those up to 2999 that nobody has registered."""

_BOUNDS: Final[Mapping[str, _Bound]] = {
    "seed": _Bound(0, MAX_SEED),
    "skip": _Bound(0, MAX_COUNT),
    "count": _Bound(1, MAX_COUNT),
    "duration_ms": _Bound(1, MAX_DURATION_MS),
    "delay_ms": _Bound(0, MAX_DELAY_MS, Fault.LATENCY),
    "jitter_ms": _Bound(0, MAX_DELAY_MS, Fault.LATENCY),
    "retry_after": _Bound(1, MAX_RETRY_AFTER, Fault.RATE_LIMITED),
    "code": _Bound(MIN_CODE, MAX_CODE, Fault.CLOSE),
}

_read_request = body_decoder(FaultRequest)


async def add(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    faults = _allowed(exchange)
    query_parameters(scope)
    request = _read_request(await read_body(receive))
    try:
        asked = faults.add(_rule(request))
    except TooManyFaultsError as error:
        raise ProblemError("too_many_faults", f"At most {MAX_FAULTS} faults are kept; remove some.") from error
    return HttpResponse(201, encode(_view(faults, asked)), JSON, NO_STORE)


async def list_faults(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    faults = _allowed(exchange)
    query_parameters(scope)
    return json_response(FaultViews([_view(faults, asked) for asked in faults.all()]))


async def clear(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    faults = _allowed(exchange)
    query_parameters(scope)
    return json_response(FaultViews([_view(faults, asked) for asked in faults.clear()]))


async def remove(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    faults = _allowed(exchange)
    query_parameters(scope)
    text: str = scope["path_params"]["fault_id"]
    asked = faults.remove(int(text)) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_COUNT)) else None
    if asked is None:
        raise ProblemError("unknown_fault")
    return json_response(_view(faults, asked))


def _allowed(exchange: Exchange) -> InjectedFaults:
    if exchange.faults is None:
        raise ProblemError("faults_off")
    return exchange.faults


def _rule(request: FaultRequest) -> Rule:
    """What was asked for. ProblemError names the field at fault."""
    fault = FAULTS.get(request.fault)
    if fault is None:
        raise not_a_word("fault", FAULTS)
    numbers = {name: _number(request, name, bound, fault) for name, bound in _BOUNDS.items()}
    if numbers["code"] in RESERVED_CODES or 1_014 < (numbers["code"] or 0) < 3_000:
        raise ProblemError(
            "invalid_value", "code takes one that a frame may bear: 1000 to 1003, 1007 to 1014 or 3000 to 4999.", "code"
        )
    if fault is Fault.LATENCY and not (numbers["delay_ms"] or numbers["jitter_ms"]):
        raise ProblemError("missing_field", "latency needs a delay_ms or a jitter_ms above 0.", "delay_ms")
    chance = optional_number(request.chance, CHANCE, CHANCE_DECIMALS)
    if request.call is not None and not 1 <= len(request.call) <= MAX_CALL:
        raise ProblemError("invalid_value", f"call takes 1 to {MAX_CALL} characters.", "call")
    duration = numbers["duration_ms"]
    return Rule(
        fault,
        _moment(request.moment, fault),
        request.call,
        None if request.account is None else check_name("account", request.account),
        request.key,
        MILLION if chance is None else chance,
        request.seed,
        request.skip,
        request.count,
        None if duration is None else duration / MILLISECONDS,
        (numbers["delay_ms"] or 0) / MILLISECONDS,
        (numbers["jitter_ms"] or 0) / MILLISECONDS,
        numbers["retry_after"] or RETRY_AFTER,
        numbers["code"] or CODE,
    )


def _moment(text: str | None, fault: Fault) -> Moment:
    moments = {moment.value: moment for moment in MOMENTS[fault]}
    if text is None:
        return MOMENTS[fault][0]
    if text not in moments:
        raise ProblemError("invalid_value", f"moment of {fault.value} takes {' or '.join(moments)}.", "moment")
    return moments[text]


def _number(request: FaultRequest, name: str, bound: _Bound, fault: Fault) -> int | None:
    number: int | None = getattr(request, name)
    if number is None:
        return None
    if bound.only not in (None, fault):
        raise ProblemError("invalid_value", f"Only {bound.only.value} takes {name}.", name)
    if not bound.lowest <= number <= bound.highest:
        raise ProblemError(
            "invalid_value", f"{name} takes a whole number from {bound.lowest} to {bound.highest}.", name
        )
    return number


def _view(faults: InjectedFaults, asked: Asked) -> FaultView:
    rule = asked.rule
    return FaultView(
        str(asked.fault_id),
        rule.fault.value,
        rule.moment.value,
        rule.call,
        rule.account,
        rule.key,
        format_decimal(rule.chance, CHANCE_DECIMALS),
        rule.seed,
        rule.skip,
        rule.count,
        _milliseconds(rule.seconds),
        _milliseconds(rule.delay) or 0,
        _milliseconds(rule.jitter) or 0,
        rule.retry_after,
        rule.code,
        asked.matched,
        asked.struck,
        faults.holds(asked),
    )


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * MILLISECONDS)
