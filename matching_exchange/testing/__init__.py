"""Exchanges for the tests of bots: real processes on free ports, or all of it in the test's own process.

`pip install matching-exchange` brings the fixtures of `plugin` to pytest. Without pytest:

    from matching_exchange import testing

    with testing.Exchange() as exchange:
        bot = Bot(exchange.url)

Nothing here is imported before it is used.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matching_exchange.testing.exchange import Exchange
    from matching_exchange.testing.faults import Faults
    from matching_exchange.testing.http import CallError
    from matching_exchange.testing.in_process.asgi import StreamClosedError
    from matching_exchange.testing.in_process.exchange import InProcessExchange

__all__ = ["CallError", "Exchange", "Faults", "InProcessExchange", "StreamClosedError"]

_PLACES: Final = {
    "CallError": "matching_exchange.testing.http",
    "Exchange": "matching_exchange.testing.exchange",
    "Faults": "matching_exchange.testing.faults",
    "InProcessExchange": "matching_exchange.testing.in_process.exchange",
    "StreamClosedError": "matching_exchange.testing.in_process.asgi",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  nothing is imported before it is used

    return getattr(import_module(_PLACES[name]), name)
