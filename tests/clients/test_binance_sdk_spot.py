"""binance-sdk-spot from PyPI: every call of its interfaces that is served here, read by its strict models."""

import pytest

from tests.clients.running import TradingPlace, steps_of

pytest.importorskip("binance_sdk_spot", reason="binance-sdk-spot is not installed")


def test_every_call_over_http(place: TradingPlace) -> None:
    assert len(steps_of(place, "binance_sdk_spot", "rest")) == 44


def test_the_websocket_api_and_streams(place: TradingPlace) -> None:
    assert len(steps_of(place, "binance_sdk_spot", "sockets")) == 57
