"""Clients over the restarts of a matcher: what was answered is there, nothing is there twice, and the client goes
on."""

from collections import Counter

import pytest
from msgspec.structs import replace

from protocol.client import CommandClient, MatcherAwayError, OutcomeUnknownError
from protocol.commands import (
    AmendmentsQuery,
    AmendOrder,
    CancelOrder,
    CancelReplace,
    Command,
    OrderQuery,
    OrdersQuery,
    PlaceOrder,
    TradesQuery,
)
from protocol.events import (
    AmendmentList,
    CancelReplaced,
    CommandRefused,
    OrderPage,
    OrderResult,
    OrderState,
    Trade,
    TradeHistory,
)
from protocol.session import Answered
from protocol.units import OrderType, Refusal, Side
from tests.exchange import Matcher
from tests.subscriber import Subscriber

SYMBOL = "BTC-USDT"
ORDERS = 2_000


def order(price: int, client_order_id: str | None = None) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "default", Side.BUY, OrderType.LIMIT, 100_000, price, client_order_id=client_order_id)


def open_orders(matcher: Matcher) -> list[OrderState]:
    """All open orders, in the order of their ids."""
    orders: list[OrderState] = []
    after: int | None = 0
    with matcher.client() as client:
        while after is not None:
            page = client.query(OrdersQuery(SYMBOL, limit=1000, after=after)).result
            assert isinstance(page, OrderPage)
            orders += page.orders
            after = page.next
    return orders


def receive_all(client: CommandClient, numbers: list[int]) -> dict[int, Answered]:
    """The answers by number; fewer than were sent where the session ends before they come."""
    answers: dict[int, Answered] = {}
    try:
        while len(answers) < len(numbers):
            answered = client.receive()
            assert answered.number not in answers
            answers[answered.number] = answered
    except OutcomeUnknownError:
        client.connect()
    return answers


def go_on(client: CommandClient, command: Command) -> Answered:
    """The answer to a command of a client whose session may have ended, which it then hears first."""
    try:
        client.send([command])
    except (MatcherAwayError, OutcomeUnknownError):
        client.connect()
        client.send([command])
    return client.receive()


@pytest.mark.parametrize("answered", [0, 700])
def test_kill_in_a_burst_loses_and_doubles_nothing(matcher: Matcher, answered: int) -> None:
    with matcher.client() as client:
        numbers = client.send([order(1_000 + index) for index in range(ORDERS)])
        early = [client.receive() for _ in range(answered)]
        matcher.kill()
        matcher.restart()
        answers = {answer.number: answer for answer in early} | receive_all(client, numbers[answered:])
        orders = {state.order_id: state for state in open_orders(matcher)}
        # Each order has its own price: none is there twice.
        assert max(Counter(state.price for state in orders.values()).values(), default=0) <= 1
        for number, answer in answers.items():
            result = answer.answer
            assert isinstance(result, OrderResult)
            state = orders[result.order_id]
            assert state.price == 1_000 + numbers.index(number)
            assert (state.sequence, state.timestamp) == (answer.sequence, answer.timestamp)
        assert len({answer.sequence for answer in answers.values()}) == len(answers)
        # Whatever became of them, the client goes on, and ids do too.
        after = go_on(client, order(999)).answer
        assert isinstance(after, OrderResult)
        assert after.order_id > max(orders, default=0)


def test_sending_again_under_client_ids_makes_no_second_order(matcher: Matcher) -> None:
    commands = [order(1_000 + index, f"order-{index}") for index in range(500)]
    with matcher.client() as client:
        client.send(commands)
        matcher.kill()
        matcher.restart()
    with matcher.client() as client:
        for _ in range(2):
            numbers = client.send(commands)
            answers = [client.receive().answer for _ in numbers]
        orders = open_orders(matcher)
    assert sorted(state.client_order_id or "" for state in orders) == sorted(
        command.client_order_id or "" for command in commands
    )
    assert all(isinstance(answer, OrderState) and answer.duplicate for answer in answers)


def test_many_kills(matcher: Matcher) -> None:
    """One client, one kill after the other, some of them without an order between them."""
    answered: list[int] = []
    price = 1_000
    with matcher.client() as client:
        for burst in (50, 0, 200, 1):
            client.connect()
            numbers = client.send([order(price + index) for index in range(burst)])
            price += burst
            matcher.kill()
            matcher.restart()
            for answer in receive_all(client, numbers).values():
                assert isinstance(answer.answer, OrderResult)
                answered.append(answer.answer.order_id)
        result = go_on(client, order(price)).answer
        assert isinstance(result, OrderResult)
        orders = open_orders(matcher)
    assert len(set(answered)) == len(answered)
    assert {*answered, result.order_id} <= {state.order_id for state in orders}
    assert max(Counter(state.price for state in orders).values()) == 1


def test_all_that_was_answered_is_there_after_a_kill(matcher: Matcher) -> None:
    with matcher.client() as client:
        resting = client.command(order(1_000, "resting"))
        taker = client.command(PlaceOrder(SYMBOL, "taker", Side.SELL, OrderType.LIMIT, 40_000, 1_000))
        pending = client.command(PlaceOrder(SYMBOL, "default", Side.BUY, OrderType.STOP_MARKET, 100_000, None, 5_000))
        canceled = client.command(CancelOrder(placed_id(client, 900)))
        assert isinstance(resting, OrderResult)
        assert isinstance(taker, OrderResult)
        assert isinstance(pending, OrderResult)
        assert isinstance(canceled, OrderState)
        ids = [resting.order_id, taker.order_id, pending.order_id, canceled.order_id]
        before, trades_before = states(client, ids), trades_of(client)
        matcher.kill()
        matcher.restart()
    with matcher.client() as client:
        assert (states(client, ids), trades_of(client)) == (before, trades_before)
        # The trigger still waits, the queue still stands, trade numbers go on.
        client.command(order(5_000))
        fired = client.command(PlaceOrder(SYMBOL, "taker", Side.SELL, OrderType.LIMIT, 150_000, 5_000))
        assert isinstance(fired, OrderResult)
        assert [trade.trade_id for trade in fired.trades] == [2, 3]
        assert [trade.taker_order_id for trade in fired.trades] == [fired.order_id, pending.order_id]


def placed_id(client: CommandClient, price: int) -> int:
    placed = client.command(order(price))
    assert isinstance(placed, OrderResult)
    return placed.order_id


def states(client: CommandClient, order_ids: list[int]) -> list[OrderState]:
    found = [client.query(OrderQuery(order_id)).result for order_id in order_ids]
    return [state for state in found if isinstance(state, OrderState)]


def trades_of(client: CommandClient) -> list[Trade]:
    history = client.query(TradesQuery(SYMBOL)).result
    assert isinstance(history, TradeHistory)
    return history.trades


def test_idle_client_goes_on_after_a_restart(matcher: Matcher) -> None:
    with matcher.client() as client:
        first = client.command(order(1_000))
        matcher.stop()
        matcher.restart()
        second = go_on(client, order(1_001)).answer
        assert isinstance(first, OrderResult)
        assert isinstance(second, OrderResult)
        assert second.order_id == first.order_id + 1


def test_client_may_come_before_the_matcher(matcher: Matcher) -> None:
    matcher.stop()
    with pytest.raises(MatcherAwayError, match=r"within 0\.2 seconds"), matcher.client(timeout=0.2):
        pass
    client = matcher.client()
    try:
        with pytest.raises(MatcherAwayError, match="gone away"):
            client.send([order(1_000)])
        matcher.start()
        client.connect()
        assert isinstance(client.command(order(1_000)), OrderResult)
    finally:
        client.close()


def test_what_waits_for_a_paused_matcher_is_taken_once(matcher: Matcher) -> None:
    with matcher.client(timeout=1) as client:
        with matcher.paused():
            # Long enough for the client to send them again.
            client.send([order(1_000), order(1_001)])
            with pytest.raises(MatcherAwayError):
                client.receive()
        for _ in range(2):
            assert isinstance(client.receive().answer, OrderResult)
        assert [state.price for state in open_orders(matcher)] == [1_000, 1_001]
        assert client.waiting == 0


def test_trade_numbers_go_on_over_a_restart(matcher: Matcher) -> None:
    with Subscriber(matcher, f"trades/{SYMBOL}/", f"instruments/{SYMBOL}/") as subscriber:
        subscriber.read()
        numbers = []
        for _ in range(2):
            with matcher.client() as client:
                for _ in range(3):
                    client.command(order(1_000))
                    client.command(PlaceOrder(SYMBOL, "taker", Side.SELL, OrderType.LIMIT, 100_000, 1_000))
                    *_, (_, trade) = subscriber.read_until(lambda topic, _: topic.startswith("trades/"))
                    numbers.append((trade["previous"], trade["number"]))
            matcher.kill()
            matcher.restart()
            # Its first word to a connection that has come back: from here on no trade is missed.
            subscriber.read_until(lambda topic, _: topic.startswith("instruments/"))
    assert numbers == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]


def test_ids_of_both_kinds_and_amends_outlive_a_kill(matcher: Matcher) -> None:
    def named(price: int, name: str, *, open_only: bool) -> PlaceOrder:
        return replace(order(price, name), open_only_client_order_id=open_only)

    with matcher.client() as client:
        client.command(named(1_000, "quote", open_only=True))
        client.command(order(1_001, "first"))
        client.command(AmendOrder(client_order_id="first", new_client_order_id="second"))
        matcher.kill()
        matcher.restart()
    with matcher.client() as client:
        assert client.command(named(1_000, "quote", open_only=True)) == CommandRefused(Refusal.CLIENT_ORDER_ID_IN_USE)
        repeated = client.command(order(1_001, "first"))
        assert isinstance(repeated, OrderState)
        assert (repeated.duplicate, repeated.client_order_id) == (True, "second")
        moved = CancelReplace(CancelOrder(client_order_id="quote"), named(1_002, "quote", open_only=True))
        replaced = client.command(moved)
        assert isinstance(replaced, CancelReplaced)
        assert isinstance(replaced.canceled, OrderState) and isinstance(replaced.placed, OrderState)
        found = client.query(AmendmentsQuery(client_order_id="second")).result
        assert isinstance(found, AmendmentList)
        [amendment] = found.amendments
        assert (amendment.previous_client_order_id, amendment.client_order_id) == ("first", "second")
    assert [state.order_id for state in open_orders(matcher)] == [repeated.order_id, replaced.placed.order_id]
