"""Calls of the demo market beside this exchange: its state, pause, speed, and a jump in its recording."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.link.demo import DemoRefusedError, NoDemoError
from gateway.link.errors import OutcomeUnknownError
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.parameters import query_parameters
from gateway.native.json.decimals import NumberField, optional_number
from gateway.native.json.demo_schemas import DemoRequest, DemoView
from gateway.native.json.times import format_exact_time, parse_exact_time
from gateway.native.problems import ProblemError
from protocol.demo import MAX_SPEED, MIN_SPEED, SPEED_DECIMALS, DemoState, Steer
from protocol.instrument import format_decimal

SPEED: Final = NumberField("speed", MAX_SPEED)

NO_DEMO: Final = DemoView(running=False)

_SILENT: Final = "The demo market has not answered in time: it may have taken the change. GET /demo tells."

_read_request = body_decoder(DemoRequest)


async def show(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    query_parameters(scope)
    try:
        return json_response(_view(await exchange.demo.steer(Steer())))
    except (NoDemoError, OutcomeUnknownError):
        return json_response(NO_DEMO)


async def steer(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    request = _read_request(await read_body(receive))
    speed = optional_number(request.speed, SPEED, SPEED_DECIMALS)
    if speed is not None and speed < MIN_SPEED:
        least = format_decimal(MIN_SPEED, SPEED_DECIMALS)
        raise ProblemError("invalid_value", f"speed takes at least {least}.", "speed")
    jump_to = None if request.jump_to is None else parse_exact_time(request.jump_to, "jump_to")
    try:
        return json_response(_view(await exchange.demo.steer(Steer(request.paused, speed, jump_to))))
    except NoDemoError as error:
        raise ProblemError("no_demo") from error
    except OutcomeUnknownError as error:
        raise ProblemError("outcome_unknown", _SILENT) from error
    except DemoRefusedError as error:
        raise ProblemError("invalid_value", error.detail, error.field) from error


def _view(state: DemoState) -> DemoView:
    times = [None if time is None else format_exact_time(time) for time in (state.time, state.begin, state.end)]
    return DemoView(
        True,  # noqa: FBT003  the answer of a demo
        state.paused,
        state.connected,
        format_decimal(state.speed, SPEED_DECIMALS),
        state.source,
        state.symbols,
        *times,
    )
