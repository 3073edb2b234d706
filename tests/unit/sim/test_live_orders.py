"""What a live strategy is told of its orders after a hole of its account's stream, and by rarer changes."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from matching_exchange import sim
from matching_exchange.client.times import Time
from matching_exchange.client.types import account_stream as told
from matching_exchange.client.types import words
from matching_exchange.client.types.orders import Fill
from matching_exchange.client.types.orders import Order as State
from matching_exchange.sim.live.desk import LiveDesk, Outgoing, Placing, Sent
from matching_exchange.sim.live.guard import Guard
from matching_exchange.sim.live.own import OwnOrders

BTC = sim.instrument("BTC-USDT", maker_fee_bps=10, taker_fee_bps=20)

HOLE_BEGINS, HOLE_ENDS = 100, 200


class Trader:
    """A desk with its own orders, without an exchange: `told` is what its strategy hears."""

    def __init__(self, guard: Guard | None = None) -> None:
        self.told: list[tuple[int, str, str]] = []
        sent: list[Sent] = []
        outgoing = Outgoing(sent.append, lambda call: call(), lambda time: None)
        self.desk = LiveDesk(
            "me", {BTC.symbol: BTC}, sim.Chance("x"), outgoing, guard or Guard(), lambda order, update: None
        )
        self.desk.on_order = lambda desk, update: self.told.append(
            (update.order.number, update.kind.name, update.reason)
        )
        self.own = OwnOrders(self.desk, "run")
        self.sent = sent

    def buy(self, quantity: str, price: str | None = None, **more: Any) -> sim.Order:
        order = self.desk.buy(quantity, price, **more)
        assert isinstance(self.sent[-1], Placing)
        self.own.sending(order)
        return order

    def hear(self, orders: Sequence[State], *changes: told.Change, sequence: int = HOLE_BEGINS) -> None:
        time = Time(sequence)
        self.own.updated(told.AccountUpdate("me", sequence, sequence - 1, time, changes, tuple(orders)))


def state(number: int, status: str, sequence: int = 150, **fields: Any) -> State:
    """Order `number` of the run, for 2 at 90, as the exchange shows it."""
    standard: dict[str, Any] = {
        "order_id": number,
        "client_order_id": f"run-{number}",
        "account": "me",
        "symbol": BTC.symbol,
        "side": words.Side.BUY,
        "order_type": words.OrderType.LIMIT,
        "price": Decimal(90),
        "trigger_price": None,
        "status": words.OrderStatus(status),
        "resting": status == "open",
        "quantity": Decimal(2),
        "filled_quantity": Decimal(0),
        "remaining_quantity": Decimal(2),
        "prevented_quantity": Decimal(0),
        "average_price": None,
        "trades": (),
        "reason": None,
        "reserved": None,
        "sequence": sequence,
        "timestamp": Time(sequence),
        "updated_sequence": sequence,
        "updated": Time(sequence),
        "working_since": Time(sequence),
    }
    return State(**{**standard, **fields})


def fill(order_id: int, quantity: str, sequence: int = 150) -> Fill:
    amount = Decimal(quantity)
    return Fill(
        Time(sequence),
        sequence,
        BTC.symbol,
        7,
        order_id,
        words.Side.BUY,
        Decimal(90),
        amount,
        amount * 90 / 1000,
        words.Liquidity.MAKER,
    )


def test_a_hole_is_filled_by_look_ups_and_fills() -> None:
    trader = Trader()
    for _ in range(5):
        trader.buy("2", "90")
    known = [state(number, "open", 90) for number in (1, 2, 3)]
    trader.hear(known, *(told.Placed(number) for number in (1, 2, 3)))
    trader.told.clear()

    open_orders = [
        state(1, "partially_filled", filled_quantity=Decimal("0.5"), remaining_quantity=Decimal("1.5")),
        state(4, "open", price=Decimal(91)),
        state(99, "open", client_order_id="by-hand"),
    ]
    assert trader.own.missing(open_orders) == ["run-2", "run-3", "run-5"]
    looked_up = [
        state(2, "filled", filled_quantity=Decimal(2), remaining_quantity=Decimal(0)),
        state(3, "canceled", remaining_quantity=Decimal(0), reason=words.Reason.EXPIRED),
    ]
    fills = [fill(1, "1", HOLE_BEGINS), fill(1, "0.5"), fill(2, "2"), fill(99, "5"), fill(1, "1", HOLE_ENDS + 1)]
    trader.own.recovered([*trader.own.among(open_orders), *looked_up], fills, HOLE_ENDS)

    assert trader.told == [
        (4, "ACCEPTED", ""),
        (1, "FILL", ""),
        (2, "FILL", ""),
        (4, "AMENDED", ""),
        (3, "CANCELED", "expired"),
    ]
    assert trader.desk.position() == Decimal("2.5")
    assert [order.number for order in trader.desk.orders()] == [1, 4, 5], "the fifth is still on its way"
    assert trader.own.sequence == HOLE_ENDS


def test_what_has_changed_after_the_hole_comes_as_an_update() -> None:
    trader = Trader()
    trader.buy("2", "90")
    filled: dict[str, Any] = {"filled_quantity": Decimal(2), "remaining_quantity": Decimal(0)}
    later = state(1, "filled", updated_sequence=HOLE_ENDS + 1, **filled)
    trader.own.recovered([later], [fill(1, "2", HOLE_ENDS + 1)], HOLE_ENDS)
    assert trader.told == [(1, "ACCEPTED", "")]

    trader.hear([later], told.Filled(1, Decimal(2), fill(1, "2", HOLE_ENDS + 1)), sequence=HOLE_ENDS + 1)
    assert trader.told[1:] == [(1, "FILL", "")]
    assert trader.desk.orders() == []


def test_an_order_that_is_placed_after_the_hole_is_accepted_once() -> None:
    trader = Trader()
    trader.buy("2", "90")
    later = state(1, "open", HOLE_ENDS + 1)
    trader.own.recovered([later], [], HOLE_ENDS)
    trader.hear([later], told.Placed(1), sequence=HOLE_ENDS + 1)
    assert trader.told == [(1, "ACCEPTED", "")]


def test_what_was_prevented_in_the_hole_counts_for_a_later_amend() -> None:
    trader = Trader()
    order = trader.buy("2", "90")
    trader.hear([state(1, "open")], told.Placed(1))
    lowered: dict[str, Any] = {"prevented_quantity": Decimal("0.5"), "remaining_quantity": Decimal("1.5")}
    trader.own.recovered([state(1, "open", **lowered)], [], HOLE_ENDS)
    trader.hear([], told.Amended(1, Decimal(2), Decimal(89), None), sequence=HOLE_ENDS + 1)
    assert (order.quantity, order.remaining, order.price) == (Decimal("1.5"), Decimal("1.5"), Decimal(89))


def test_the_guard_counts_amends_that_are_not_answered() -> None:
    trader = Trader(Guard(max_position=5))
    first = trader.buy("1", "90")
    trader.hear([state(1, "open")], told.Placed(1))
    trader.desk.amend(first, quantity=4)
    second = trader.desk.buy("2", "90")
    trader.desk.amend(first, quantity=6)
    assert (second.status, second.reason) == (sim.OrderState.REFUSED, "guard_position")
    assert trader.told[2:] == [(1, "AMEND_FAILED", "guard_position")]

    trader.hear([], told.Amended(1, Decimal(4), Decimal(90), None))
    trader.desk.amend(first, quantity=2)
    trader.hear([], told.Amended(1, Decimal(2), Decimal(90), None))
    assert trader.desk.buy("3", "90").status is sim.OrderState.SENT


def test_an_amend_that_was_refused_counts_no_more() -> None:
    trader = Trader(Guard(max_position=5))
    order = trader.buy("1", "90")
    trader.hear([state(1, "open")], told.Placed(1))
    trader.desk.amend(order, quantity=5)
    trader.desk.failed(sim.OrderUpdate(order, sim.UpdateKind.AMEND_FAILED, 0, reason="market_halted"))
    assert trader.desk.buy("4", "90").status is sim.OrderState.SENT


def test_fills_that_are_told_no_more_end_the_run() -> None:
    trader = Trader()
    trader.buy("2", "90")
    with pytest.raises(sim.live.LiveError, match=r"how order 1 was filled: 2 instead of 0\.0000\."):
        trader.own.recovered([state(1, "filled", filled_quantity=Decimal(2))], [], HOLE_ENDS)


def test_an_order_that_the_exchange_has_forgotten_is_gone() -> None:
    trader = Trader()
    trader.buy("2", "90")
    trader.hear([state(1, "open")], told.Placed(1))
    assert trader.own.is_known("run-1")
    trader.own.lost("run-1", 5)
    assert trader.told[-1] == (1, "CANCELED", "unknown_order")
    assert trader.desk.orders() == []


def test_an_order_that_was_refused_during_a_look_up_is_not_known() -> None:
    trader = Trader()
    order = trader.buy("2", "90")
    assert trader.own.missing([]) == ["run-1"]
    trader.own.refused(order, "price_off_tick")
    assert not trader.own.is_known("run-1")
    assert trader.told == [(1, "REFUSED", "price_off_tick")]


def test_triggers_and_what_lowers_an_order_are_told() -> None:
    trader = Trader()
    stop = trader.buy("2", type="stop_market", trigger_price="95")
    trader.hear([state(1, "pending")], told.Placed(1))
    assert stop.status is sim.OrderState.PENDING
    trader.hear([state(1, "pending")], told.TriggerMoved(1, Decimal(94)))
    assert stop.trigger_units == 9_400
    trader.hear([state(1, "open")], told.Triggered(1), told.Prevented(1, Decimal("0.5")))
    assert (stop.status, stop.remaining) == (sim.OrderState.OPEN, Decimal("1.5"))
    assert [kind for _, kind, _ in trader.told] == ["ACCEPTED", "AMENDED", "TRIGGERED", "AMENDED"]


def test_a_balance_is_the_accounts_where_it_has_a_ledger() -> None:
    trader = Trader()
    trader.buy("2", "90")
    trader.hear([state(1, "open")], told.Placed(1), told.PartiallyFilled(1, Decimal(1), fill(1, "1")))
    assert [trader.desk.balance(asset) for asset in ("BTC", "USDT")] == [Decimal(1), Decimal("-90.09")]
    start = told.AccountStart("me", 1, Time(1), False, None, (), True, ())  # noqa: FBT003
    trader.desk.account.apply(start)
    assert trader.desk.balance("BTC") == 0


def test_bounds_of_a_guard_say_what_they_take() -> None:
    with pytest.raises(sim.OrderEntryError, match="max_quantity takes more than zero, not '0'"):
        Guard(max_quantity="0")
    with pytest.raises(sim.OrderEntryError, match="max_position takes a Decimal, a text or a whole number"):
        Guard(max_position=0.5)  # type: ignore[arg-type]
    with pytest.raises(sim.OrderEntryError, match="max_open_orders takes at least 1, not 0"):
        Guard(max_open_orders=0)


@pytest.mark.parametrize(
    ("price", "side", "rounded"),
    [
        ("100.019", sim.Side.BUY, "100.01"),
        ("100.011", sim.Side.SELL, "100.02"),
        ("100.01", sim.Side.SELL, "100.01"),
        ("0.001", sim.Side.BUY, "0.01"),
        (Decimal(1) / 3, sim.Side.SELL, "0.34"),
    ],
)
def test_a_price_is_rounded_to_the_tick_away_from_the_other_side(
    price: Decimal | str, side: sim.Side, rounded: str
) -> None:
    assert sim.on_tick(BTC, price, side) == Decimal(rounded)


def test_a_run_in_an_event_loop_names_the_other_call() -> None:
    async def cell() -> None:
        sim.live.run(sim.Strategy())

    with pytest.raises(sim.live.LiveError, match=r"write `await sim\.live\.run_async"):
        asyncio.run(cell())


@pytest.mark.parametrize("cancel_after", [0, 10, sim.ms(99), sim.hours(24) + 1, 1.5])
def test_a_cancel_after_that_would_never_cancel_is_refused(cancel_after: Any) -> None:
    with pytest.raises(sim.live.LiveError, match="cancel_after takes nanoseconds from 100 ms to a day, or None, not"):
        sim.live.run(sim.Strategy(), cancel_after=cancel_after)


def test_what_is_no_strategy_is_named() -> None:
    with pytest.raises(sim.live.LiveError, match="a strategy is an object of a class below Strategy, not <class"):
        sim.live.run(sim.Strategy)  # type: ignore[arg-type]
    strategy = sim.Strategy()
    strategy.book_levels = 0
    with pytest.raises(sim.live.LiveError, match="book_levels takes 1 to 1000, not 0"):
        sim.live.run(strategy)
