"""An account's own stream, and the streams of candles and tickers: resumed, each change once."""

import json
from decimal import Decimal
from typing import Any

import pytest

from matching_exchange import (
    AccountStart,
    AccountState,
    AccountUpdate,
    CandleUpdate,
    Disconnected,
    NotFound,
    RateLimited,
    Refused,
    Restarted,
    Unauthorized,
    Unavailable,
)
from matching_exchange.client.streams.account import AccountMachine
from matching_exchange.client.streams.machine import StreamBrokenError
from matching_exchange.client.streams.reconnecting import LONGEST_PAUSE, Reconnecting, closed, refused
from matching_exchange.client.streams.summaries import CandlesMachine, TickerMachine
from tests.unit.client.answers import order

TIME = "2026-11-22T12:00:00.000Z"
USDT = {"asset": "USDT", "free": "69940", "locked": "0"}


def orders(sequence: int, *found: dict[str, Any], more: bool = False, **money: Any) -> str:
    message = {"type": "orders", "account": "ann", "sequence": sequence, "timestamp": TIME, "suspended": False}
    return json.dumps({**message, "cancel_at": None, "resumed": False, "orders": found, "more": more, **money})


def update(sequence: int, previous: int, *changes: dict[str, Any], **more: Any) -> str:
    message = {"type": "update", "account": "ann", "sequence": sequence, "previous": previous, "timestamp": TIME}
    return json.dumps({**message, "changes": changes, "orders": [], **more})


def fill(trade_id: int) -> dict[str, Any]:
    told = {"timestamp": TIME, "sequence": 5, "symbol": "BTC-USDT", "trade_id": str(trade_id), "order_id": "7"}
    return {**told, "side": "buy", "price": "60000", "quantity": "0.5", "fee": "30", "liquidity": "maker"}


def test_the_account_begins_with_its_orders_and_goes_on_with_its_changes() -> None:
    machine, state = AccountMachine("ann", None), AccountState()
    machine.opened()
    machine.receive(orders(3, order(), more=True, ledger=True, balances=[USDT]))
    assert not machine.items
    machine.receive(orders(3, order(order_id="8")))
    change = {"event": "filled", "order_id": "7", "filled_quantity": "0.5", "fill": fill(1)}
    done = order(status="filled", filled_quantity="0.5", remaining_quantity="0")
    left = [{**USDT, "free": "100"}]
    machine.receive(update(5, 3, change, orders=[done], ledger=True, balances=left))
    begun, changed = machine.items
    assert isinstance(begun, AccountStart)
    assert ([each.order_id for each in begun.orders], begun.ledger, begun.restarted) == ([7, 8], True, False)
    state.apply(begun)
    assert state.free("USDT") == Decimal(69940)
    assert isinstance(changed, AccountUpdate)
    assert [(each.trade_id, each.fee) for each in changed.fills] == [(1, Decimal(30))]
    state.apply(changed)
    assert (list(state.orders), state.sequence) == ([8], 5)
    assert (state.free("USDT"), state.free("BTC")) == (Decimal(100), Decimal(0))
    account = {"event": "account", "suspended": True, "cancel_at": None}
    machine.receive(update(6, 5, account, ledger=False, balances=[]))
    state.apply(machine.items[-1])
    assert (state.suspended, state.ledger, state.balances) == (True, False, {})


def test_it_comes_back_after_the_last_sequence_and_drops_what_it_has_told() -> None:
    machine = AccountMachine("ann", None)
    machine.opened()
    machine.receive(orders(3))
    machine.receive(update(5, 3))
    assert machine.address() == ("/ws/user", [("account", "ann"), ("after", "5")])
    machine.opened()
    machine.receive(json.dumps({"type": "resumed", "account": "ann", "sequence": 5, "timestamp": TIME}))
    machine.receive(update(5, 3))
    machine.receive(update(9, 5))
    assert [item.sequence for item in machine.items if not isinstance(item, Restarted)] == [3, 5, 9]


def test_a_hole_breaks_the_stream() -> None:
    machine = AccountMachine("ann", None)
    machine.opened()
    machine.receive(orders(3))
    with pytest.raises(StreamBrokenError, match="the update before 9 is 7, not 3"):
        machine.receive(update(9, 7))
    assert machine.address()[1][-1] == ("after", "3")


def test_a_fresh_start_after_a_loss_says_so() -> None:
    machine = AccountMachine("ann", 40)
    assert machine.address()[1][-1] == ("after", "40")
    machine.opened()
    machine.receive(orders(90))
    (begun,) = machine.items
    assert isinstance(begun, AccountStart)
    assert begun.restarted
    machine.items.clear()
    machine.restarted("the exchange has begun a new journal")
    assert machine.address() == ("/ws/user", [("account", "ann")])
    machine.opened()
    machine.receive(orders(2))
    restarted, begun = machine.items
    assert isinstance(restarted, Restarted)
    assert isinstance(begun, AccountStart)
    assert begun.restarted


def candle(minute: int, close: str = "1", *, complete: bool = True) -> dict[str, Any]:
    told = {"open_time": f"2026-11-22T12:{minute:02}:00.000Z", "open": "1", "high": "1", "low": "1", "close": close}
    volumes = dict.fromkeys(("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"), "1")
    return {**told, **volumes, "trades": 1, "complete": complete}


def candles(*found: dict[str, Any], symbol: str = "BTC-USDT") -> bytes:
    return json.dumps({"symbol": symbol, "interval": "1m", "candles": found}).encode()


def minutes(machine: CandlesMachine) -> list[tuple[int, int]]:
    """Minute and close of what was told since."""
    told = [
        (item.candle.open_time.datetime.minute, int(item.candle.close))
        for item in machine.items
        if isinstance(item, CandleUpdate)
    ]
    machine.items.clear()
    return told


def test_candles_that_have_not_changed_are_not_told_again() -> None:
    machine = CandlesMachine("BTC-USDT", "1m")
    machine.opened()
    machine.receive(candles(candle(1), candle(2, complete=False)))
    assert minutes(machine) == [(1, 1), (2, 1)]
    machine.receive(candles(candle(2, "2"), candle(3)))
    assert minutes(machine) == [(2, 2), (3, 1)]
    machine.opened()
    machine.receive(candles(candle(1), candle(2, "2"), candle(3, "3"), candle(4)))
    assert machine.wanted() is None
    assert minutes(machine) == [(3, 3), (4, 1)]


def test_candles_of_a_longer_loss_are_asked_for() -> None:
    machine = CandlesMachine("*", "1m")
    machine.opened()
    machine.receive(candles(candle(1), candle(2, complete=False)))
    machine.receive(candles(candle(40), symbol="ETH-USDT"))
    machine.items.clear()
    machine.opened()
    machine.receive(candles(*[candle(minute) for minute in range(20, 30)]))
    assert minutes(machine) == []
    call = machine.wanted()
    assert call is not None
    assert dict(call.query)["from"] == "2026-11-22T12:02:00.000Z"
    page: dict[str, Any] = {
        "symbol": "BTC-USDT",
        "interval": "1m",
        "candles": [candle(2, "2"), candle(3)],
        "next": TIME,
    }
    machine.told(call.read(json.dumps(page).encode()))
    assert minutes(machine) == [(2, 2), (3, 1)]
    call = machine.wanted()
    assert call is not None
    page = {**page, "candles": [candle(minute) for minute in range(4, 30)], "next": None}
    machine.told(call.read(json.dumps(page).encode()))
    assert minutes(machine) == [(minute, 1) for minute in range(4, 30)]
    assert machine.wanted() is None


def test_a_restart_forgets_the_candles() -> None:
    machine = CandlesMachine("BTC-USDT", "1m")
    machine.opened()
    machine.receive(candles(candle(1)))
    machine.restarted("the exchange has lost trade 3")
    machine.opened()
    machine.receive(candles(candle(1)))
    assert [type(item).__name__ for item in machine.items] == ["CandleUpdate", "Restarted", "CandleUpdate"]
    ticker = TickerMachine("*")
    ticker.restarted("the exchange has lost trade 3")
    assert list(ticker.items) == [Restarted("the exchange has lost trade 3")]


@pytest.mark.parametrize(
    ("code", "kind"), [(4401, Unauthorized), (4404, NotFound), (4422, Refused), (4403, Unauthorized)]
)
def test_a_close_that_no_later_attempt_betters_ends_the_stream(code: int, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        closed(code, "Why.")
    with pytest.raises(kind):
        refused(code - 4000, {}, b"{}")


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1012, Disconnected), (1006, Disconnected), (None, Disconnected), (4408, Disconnected), (4429, RateLimited)],
)
def test_other_closes_are_made_good(code: int | None, kind: type[Exception]) -> None:
    assert isinstance(closed(code, "Why."), kind)


def test_a_stream_gives_up_only_before_it_has_begun() -> None:
    error = Disconnected("disconnected", "No connection.")
    reconnecting = Reconnecting(timeout=2.0)
    reconnecting.begins(0.0)
    reconnecting.lost(error, 0.0)
    with pytest.raises(Disconnected):
        reconnecting.lost(error, 2.0)
    reconnecting = Reconnecting(timeout=2.0)
    reconnecting.begins(0.0)
    reconnecting.opened(0.0)
    reconnecting.worked()
    pauses = [reconnecting.lost(error, 1000.0 + second) for second in range(20)]
    assert 0.025 <= pauses[0] <= 0.05
    assert LONGEST_PAUSE / 2 <= pauses[-1] <= LONGEST_PAUSE
    reconnecting.opened(2000.0)
    assert reconnecting.lost(error, 2005.0) <= 0.05


def test_a_stream_that_needs_a_history_says_so_at_once() -> None:
    error = closed(4503, "history_unavailable: no settings")
    assert (error.code, error.message) == ("history_unavailable", "no settings")
    reconnecting = Reconnecting(timeout=60.0)
    reconnecting.begins(0.0)
    reconnecting.opened(0.0)
    with pytest.raises(Unavailable):
        reconnecting.lost(error, 0.0)
