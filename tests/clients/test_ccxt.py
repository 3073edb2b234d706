"""ccxt from PyPI: HTTP both ways, streams, the WebSocket API, and its own book."""

import pytest

from tests.clients.running import TradingPlace, compare_books, steps_of

pytest.importorskip("ccxt", reason="ccxt is not installed")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_every_unified_call_over_http(place: TradingPlace, kind: str) -> None:
    assert len(steps_of(place, "ccxt_rest", kind)) == 71


def test_streams_and_the_websocket_api(place: TradingPlace) -> None:
    assert len(steps_of(place, "ccxt_pro")) == 32


def test_its_own_book_is_ours_after_a_busy_phase_with_a_restart(place: TradingPlace) -> None:
    compare_books(place, "ccxt")
