"""The stream of trades: each one once, in order, over losses; and a word where something is lost for good."""

import json
from typing import Any

import pytest

from matching_exchange import ExchangeError, Gap, Restarted, Trade, Unavailable
from matching_exchange.client.call import Call
from matching_exchange.client.streams.trades import TradesMachine

SYMBOL = "BTC-USDT"


class Market:
    """The exchange's trades, and what it answers about them."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.first = 1
        self.time = 0
        """Part of each trade: another one makes another history."""

    def trade(self, trade_id: int) -> dict[str, Any]:
        return {
            "timestamp": f"2026-11-22T12:{self.time:02}:00.000Z",
            "symbol": SYMBOL,
            "sequence": 10 * trade_id,
            "trade_id": str(trade_id),
            "price": "60000.01",
            "quantity": "0.5",
            "aggressor_side": "buy",
            "maker_order_id": "1",
            "taker_order_id": "2",
            "maker_fee": "0",
            "taker_fee": "0",
        }

    def message(self, trade_id: int) -> bytes:
        return json.dumps(self.trade(trade_id)).encode()

    def page(self, call: Call[Any]) -> Any:
        """The answer to GET /trades. Where the memory does not reach back, it is 503 as without a history."""
        query = dict(call.query)
        limit = int(query["limit"])
        if "after" in query:
            begin = int(query["after"]) + 1
            if begin < self.first and "from" not in query:
                raise Unavailable("history_unavailable", "No history.", None, 503)
            found = range(max(begin, self.first), min(self.last, begin + limit - 1) + 1)
        else:
            found = range(max(self.first, self.last - limit + 1), self.last + 1)
        body = {"symbol": SYMBOL, "trades": [self.trade(trade_id) for trade_id in found]}
        return call.read(json.dumps(body).encode())


def settle(machine: TradesMachine, market: Market) -> list[object]:
    """Carry out all that the machine wants; what it has told since."""
    while (call := machine.wanted()) is not None:
        try:
            found = market.page(call)
        except ExchangeError as error:
            knows_another_way = machine.failed(error)
        else:
            machine.told(found)
            continue
        assert knows_another_way
    return told(machine)


def told(machine: TradesMachine) -> list[object]:
    """The items, a trade by its trade_id."""
    items: list[object] = [item.trade_id if isinstance(item, Trade) else item for item in machine.items]
    machine.items.clear()
    return items


@pytest.fixture
def market() -> Market:
    return Market(last=5)


@pytest.fixture
def machine(market: Market) -> TradesMachine:
    """A stream that has begun behind trade 5."""
    machine = TradesMachine(SYMBOL, None, None)
    machine.opened()
    assert settle(machine, market) == []
    return machine


def test_it_begins_now(machine: TradesMachine, market: Market) -> None:
    machine.receive(market.message(5))
    machine.receive(market.message(6))
    assert settle(machine, market) == [6]


def test_trades_of_a_lost_connection_are_asked_for(machine: TradesMachine, market: Market) -> None:
    machine.receive(market.message(6))
    assert told(machine) == [6]
    market.last = 2_500
    machine.opened()
    assert settle(machine, market) == list(range(7, 2_501))
    machine.receive(market.message(2_500))
    machine.receive(market.message(2_501))
    assert told(machine) == [2_501]


def test_trades_before_the_first_message_are_not_lost_either(machine: TradesMachine, market: Market) -> None:
    market.last = 8
    machine.opened()
    assert settle(machine, market) == [6, 7, 8]


def test_a_hole_is_filled_before_the_message_behind_it(machine: TradesMachine, market: Market) -> None:
    market.last = 9
    machine.receive(market.message(9))
    assert told(machine) == []
    assert settle(machine, market) == [6, 7, 8, 9]


def test_what_cannot_be_had_any_more_is_a_gap(machine: TradesMachine, market: Market) -> None:
    market.first, market.last = 5_000, 5_002
    machine.opened()
    assert settle(machine, market) == [Gap(SYMBOL, 6, 4_999), 5_000, 5_001, 5_002]
    market.last = 5_003
    machine.receive(market.message(5_003))
    assert told(machine) == [5_003]


def test_a_hole_that_the_exchange_cannot_fill_is_a_gap(machine: TradesMachine, market: Market) -> None:
    # A book was loaded that had come further: no trade bears these numbers.
    machine.receive(market.message(9))
    assert settle(machine, market) == [Gap(SYMBOL, 6, 8), 9]


def test_another_history_is_told(machine: TradesMachine, market: Market) -> None:
    machine.receive(market.message(6))
    assert told(machine) == [6]
    market.last, market.time = 7, 1
    machine.opened()
    (restarted,) = settle(machine, market)
    assert isinstance(restarted, Restarted)
    machine.receive(market.message(8))
    assert told(machine) == [8]


def test_a_history_that_has_lost_its_end_is_told(machine: TradesMachine, market: Market) -> None:
    machine.receive(market.message(6))
    assert told(machine) == [6]
    market.last = 3
    machine.opened()
    (restarted,) = settle(machine, market)
    assert isinstance(restarted, Restarted)
    machine.receive(market.message(4))
    assert told(machine) == [4]


def test_a_restart_that_the_exchange_tells_begins_anew(machine: TradesMachine, market: Market) -> None:
    machine.restarted("the exchange has begun a new journal")
    market.last = 2
    machine.opened()
    assert settle(machine, market) == [Restarted("the exchange has begun a new journal")]
    machine.receive(market.message(3))
    assert told(machine) == [3]


def test_it_begins_after_a_trade_or_at_a_time(market: Market) -> None:
    machine = TradesMachine(SYMBOL, None, 2)
    machine.opened()
    assert settle(machine, market) == [3, 4, 5]
    machine = TradesMachine(SYMBOL, "2026-11-22T12:00:00Z", None)
    machine.opened()
    assert settle(machine, market) == [1, 2, 3, 4, 5]


def test_a_trade_between_the_first_two_answers_is_not_lost(market: Market) -> None:
    machine = TradesMachine(SYMBOL, "2030-01-01T00:00:00Z", None)
    machine.opened()
    call = machine.wanted()
    assert call is not None
    machine.told(market.page(call))
    call = machine.wanted()
    assert call is not None
    assert dict(call.query)["from"] == "2030-01-01T00:00:00Z"
    machine.told(call.read(b'{"symbol":"BTC-USDT","trades":[]}'))
    assert settle(machine, market) == []
    machine.receive(market.message(6))
    assert told(machine) == [6]


def test_a_trade_id_that_the_exchange_does_not_know_is_told(market: Market) -> None:
    machine = TradesMachine(SYMBOL, None, 100)
    machine.opened()
    (restarted,) = settle(machine, market)
    assert isinstance(restarted, Restarted)
    machine.receive(market.message(6))
    assert told(machine) == [6]


def test_an_empty_market_begins_with_its_first_trade() -> None:
    market = Market(last=0)
    machine = TradesMachine(SYMBOL, None, None)
    machine.opened()
    assert settle(machine, market) == []
    market.last = 2
    machine.opened()
    assert settle(machine, market) == [1, 2]


def test_it_waits_for_a_page_at_a_time(machine: TradesMachine, market: Market) -> None:
    """The buffer is bounded: no message and no second page is read before the items were taken."""
    market.last = 3_000
    machine.opened()
    call = machine.wanted()
    assert call is not None
    machine.told(market.page(call))
    # The page begins with the trade that is known.
    assert told(machine) == list(range(6, 1_005))
