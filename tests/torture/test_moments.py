"""An answer is of its moment: neither what comes later in the same batch nor a question in between changes it, or its
stamp."""

from matcher.engine import Engine
from matcher.serving.queries import answer_query
from matcher.state import State
from protocol.commands import OrderQuery, PlaceOrder, SetInstrument, StatusQuery
from protocol.events import OrderResult, OrderState
from protocol.units import OrderType, Side
from tests.exchange import Matcher
from tests.tape import COIN, limit

BUY, SELL = Side.BUY, Side.SELL


def test_an_answer_keeps_its_trades_when_the_order_is_filled_further() -> None:
    state = State(Engine())
    resting = limit(BUY, 10, 100, client_order_id="resting")
    state.apply(7, 1, [SetInstrument.of(COIN), resting, limit(SELL, 1, 100)], 1_000)
    reply, _ = state.apply(7, 4, [resting], 2_000)
    found = answer_query(state.registry, OrderQuery(1))
    state.apply(7, 5, [limit(SELL, 2, 100)], 3_000)
    (answer,) = reply.answers
    for said in (answer, found):
        assert isinstance(said, OrderState)
        assert said.filled_quantity == 1
        assert [trade.quantity for trade in said.trades] == [1]


def test_the_stamp_that_was_answered_is_the_one_in_the_journal_though_somebody_asks_for_the_status(
    matcher: Matcher,
) -> None:
    with matcher.client() as client:
        with matcher.paused():
            # All of it waits and is taken in together.
            for number in range(50):
                client.send(
                    [
                        PlaceOrder(
                            "BTC-USDT", "ann", BUY, OrderType.LIMIT, 100_000, 6_000_000, client_order_id=str(number)
                        )
                    ]
                )
                client.ask(StatusQuery())
        answered = [client.receive() for _ in range(50)]
    matcher.kill()
    matcher.restart()
    with matcher.client() as client:
        for stamped in answered:
            assert isinstance(stamped.answer, OrderResult)
            order = client.query(OrderQuery(stamped.answer.order_id)).result
            assert isinstance(order, OrderState)
            assert (order.sequence, order.timestamp) == (stamped.sequence, stamped.timestamp)
