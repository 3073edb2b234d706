"""ccxt from PyPI: HTTP both ways, streams, the WebSocket API, and its own book."""

from itertools import count

import pytest

from tests.clients.running import TradingPlace, compare_books, run_session, steps_of
from tests.exchange import Json

pytest.importorskip("ccxt", reason="ccxt is not installed")

NUMBERS = count(1)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_every_unified_call_over_http(place: TradingPlace, kind: str) -> None:
    assert len(steps_of(place, "ccxt_rest", kind)) == 71


def test_streams_and_the_websocket_api(place: TradingPlace) -> None:
    assert len(steps_of(place, "ccxt_pro")) == 32


def test_its_own_book_is_ours_after_a_busy_phase_with_a_restart(place: TradingPlace) -> None:
    compare_books(place, "ccxt")


@pytest.mark.parametrize(
    ("rule", "order", "error"),
    [
        ({"status": "halted"}, ("buy", "100"), ("MarketClosed", "Market is closed")),
        ({"status": "cancel_only"}, ("buy", "100"), ("MarketClosed", "Market is closed")),
        ({"price_band_bps": 500}, ("buy", "200"), ("InvalidOrder", "PERCENT_PRICE_BY_SIDE")),
        ({"price_band_bps": 500}, ("buy", ""), ("expired",)),
        ({"max_open_orders": 1}, ("buy", "99"), ("BadRequest", "MAX_NUM_ORDERS")),
        ({"max_order_notional": "50"}, ("buy", "100"), ("BadRequest", "NOTIONAL")),
    ],
)
def test_what_stops_an_order_is_an_error_that_ccxt_knows(
    place: TradingPlace, rule: Json, order: tuple[str, str], error: tuple[str, ...]
) -> None:
    exchange = place.exchange
    base = f"STOP{next(NUMBERS)}"
    symbol = exchange.add_instrument(symbol=f"{base}-USDT", base=base)
    account = f"stopped-{base}"
    environment = place.environment(account)
    exchange.trade(symbol, "100")
    # One that rests counts against the limit; one that is too far away is where a market order would go.
    exchange.place(symbol, "limit", "buy", "1", "90", account=account)
    exchange.place(symbol, "limit", "sell", "1", "150")
    exchange.post("/admin/instruments", {"symbol": symbol, **rule})
    assert len(run_session(environment, "ccxt_stops", f"{base}/USDT", *order, *error)) == 1


def test_a_suspended_account_is_an_error_that_ccxt_knows(place: TradingPlace) -> None:
    environment = place.environment("suspended")
    place.exchange.post("/admin/accounts/suspended/suspend")
    run_session(environment, "ccxt_stops", "BTC/USDT", "buy", "100", "PermissionDenied", "may not place or cancel")
