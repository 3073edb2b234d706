"""python-binance from PyPI: both clients, the WebSocket API, its sockets, and its depth cache."""

import pytest

from tests.clients.running import TradingPlace, compare_books, steps_of

pytest.importorskip("binance", reason="python-binance is not installed")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_every_spot_call_over_http(place: TradingPlace, kind: str) -> None:
    assert len(steps_of(place, "python_binance", kind)) >= 57


def test_the_websocket_api_and_sockets(place: TradingPlace) -> None:
    assert len(steps_of(place, "python_binance", "streams")) >= 49


def test_its_depth_cache_is_ours_after_a_busy_phase_with_a_restart(place: TradingPlace) -> None:
    compare_books(place, "python-binance")
