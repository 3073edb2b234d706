"""What refused requests must leave as it was."""

from collections.abc import Iterator

import pytest

from tests.exchange import Exchange, Json


@pytest.fixture
def unchanged(shared_exchange: Exchange) -> Iterator[None]:
    """Nothing that the test sends is an order, or changes one, and the matcher never sees a frame that it refuses."""

    def state() -> list[Json]:
        shown = [shared_exchange.get("/depth", symbol="BTC-USDT"), shared_exchange.get("/health")]
        for answer in shown:
            for name in ("timestamp", "uptime", "sequence", "clock_difference_ms"):
                answer.pop(name, None)
        return [
            *shown,
            shared_exchange.get("/orders"),
            shared_exchange.get("/orders", status="done"),
            shared_exchange.get("/instruments"),
        ]

    before = state()
    yield
    assert state() == before
