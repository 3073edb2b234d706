"""Random tapes for property tests: commands of all kinds but LoadBook, with their stamps.

Accounts, prices and quantities are few, so that much meets, ties and fires; names repeat; some commands are invalid.
Most cancels and amends name a live order (the naive engine knows which ones are), most OCOs stand around the last
trade, some orders are sent once more. As the matcher's shell does, AdvanceTime comes before a command whose time brings
something; and now and then for nothing. In one tape of four nobody has a ledger.
"""

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.commands import (
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    CloseLedger,
    Deposit,
    MoveTimers,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    ResetAccount,
    SetAccountStatus,
    SetInstrument,
    SetLimits,
    Transfer,
    WatchAccount,
    Withdraw,
)
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, OnlyStatus, Refusal, Side
from tests.oracle.money_strategy import FINER, MoneyCommand, complete_money, money_commands, openings, spend_all
from tests.oracle.naive_engine import NaiveEngine
from tests.oracle.orders_strategy import (
    ALL_IN,
    NEAR,
    SOON,
    START,
    TICK,
    client_order_ids,
    ocos,
    orders,
    prices,
    quantities,
)

Tape = list[tuple[int, int, OwnCommand]]
"""Sequence, time and command."""

examples = settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), deadline=None)
"""So many random cases each property is tried with. A soak: PROPERTY_EXAMPLES=20000 pytest --timeout=0
tests/property"""

COIN = Instrument("COIN-USD", "COIN", "USD", 2, 3, 5, 10, 10, 100, 200, 900, 10, 20)
GOLD = Instrument("GOLD-USD", "GOLD", "USD", 0, 0, 1, 1, 10, 100, 120, 0, 7, 0)
SILVER = replace(COIN, symbol="SILVER-USD", base="SILVER")

LENGTH = 50
ITS_OWN = "its-own"

COMMANDS_A_TICK = 3
"""So many commands bear the same time."""

symbols = st.sampled_from((*["COIN-USD"] * 40, *["GOLD-USD"] * 10, "SILVER-USD", "NONE-USD"))

accounts = st.sampled_from((*["default"] * 30, *["ann"] * 20, *["bob"] * 20, "a b"))

live_orders = st.integers(0, 20)
any_orders = st.integers(1, 30)

changes = st.sampled_from(
    (
        *[("quantity",), ("price", "trigger_price")] * 6,
        *[("quantity", "price"), ("quantity", "price", "trigger_price"), ("price",), ("trigger_price",)] * 2,
        (),
    )
)
ways_to_name = st.sampled_from((*["live"] * 16, *["order_id"] * 2, "client_order_id"))


@st.composite
def names(draw: st.DrawFn) -> tuple[int | None, str | None, str | None]:
    """order_id, account and client_order_id; an order_id below zero stands for a live order, see stamp."""
    how = draw(ways_to_name)
    if how == "live":
        return -1 - draw(live_orders), None, draw(st.sampled_from((None, ITS_OWN)))
    if how == "order_id":
        return draw(any_orders), draw(st.one_of(st.none(), accounts)), draw(client_order_ids)
    return None, draw(st.one_of(st.none(), accounts)), draw(client_order_ids)


cancel_names = st.sampled_from((*[None] * 12, *["x", "y"] * 3, "a b"))
only_statuses = st.sampled_from((*[None] * 6, *OnlyStatus))
only_symbols = st.one_of(st.none(), st.none(), symbols)


@st.composite
def cancels(draw: st.DrawFn) -> CancelOrder:
    return CancelOrder(*draw(names()), draw(only_statuses), draw(cancel_names), draw(only_symbols))


cancel_replaces = st.builds(CancelReplace, cancels(), orders(), st.booleans())
cancels_of_all = st.builds(CancelAllOrders, accounts, st.one_of(st.none(), symbols), cancel_names)


@st.composite
def amends(draw: st.DrawFn) -> AmendOrder:
    changed = draw(changes)
    return AmendOrder(
        *draw(names()),
        draw(quantities) if "quantity" in changed else None,
        draw(prices) if "price" in changed else None,
        draw(prices) if "trigger_price" in changed else None,
        draw(client_order_ids) if draw(st.booleans()) else None,
    )


def change(instrument: Instrument, **fields: Any) -> SetInstrument:
    return SetInstrument(
        **{
            "symbol": instrument.symbol,
            "price_decimals": instrument.price_decimals,
            "quantity_decimals": instrument.quantity_decimals,
            **fields,
        }
    )


AS_BEFORE = change(
    COIN,
    status=InstrumentStatus.TRADING,
    max_quantity=100,
    min_quantity=10,
    max_price=200,
    min_notional=900,
    **dict.fromkeys(("price_band_bps", "reference_price", "max_open_orders", "max_order_notional"), 0),
    **dict.fromkeys(("halt_bps", "halt_window_ms", "halt_ms"), 0),
)

changes_of_instruments = st.sampled_from(
    (
        *[AS_BEFORE] * 15,
        *[change(COIN, status=InstrumentStatus.CANCEL_ONLY)] * 3,
        *[change(COIN, status=InstrumentStatus.HALTED)] * 3,
        change(COIN, max_quantity=30),
        change(COIN, max_quantity=100, max_price=105),
        change(COIN, min_quantity=20, max_price=200),
        change(COIN, min_quantity=10, min_notional=1_900),
        change(COIN, min_notional=0),
        change(COIN, maker_fee_bps=0, taker_fee_bps=25),
        change(COIN, maker_fee_bps=1),
        change(COIN, taker_fee_bps=10_001),
        change(COIN, max_price=101),
        change(COIN, tick_size=1),
        change(COIN, price_decimals=3),
        change(SILVER, base="SILVER", quote="USD", tick_size=5, lot_size=10, max_quantity=100, max_price=200),
        change(SILVER, base="SILVER", quote="USD", tick_size=5, lot_size=10, max_quantity=100),
        *[change(COIN, price_band_bps=bps) for bps in (500, 499, 1_000, 700)] * 3,
        *[change(COIN, price_band_bps=bps, reference_price=100) for bps in (500, 1_000)],
        *[change(COIN, max_open_orders=most) for most in (1, 2, 3)] * 2,
        *[change(COIN, max_order_notional=most) for most in (3_000, 4_000, 5_000)] * 2,
        *[change(COIN, halt_bps=500, halt_window_ms=1, halt_ms=1)] * 9,
        *[change(COIN, halt_bps=bps, halt_window_ms=2, halt_ms=3) for bps in (499, 900, 1_000)] * 2,
        change(COIN, price_band_bps=1_000_001),
        change(COIN, reference_price=102),
        change(COIN, reference_price=205),
        change(COIN, max_order_notional=899),
        change(COIN, halt_bps=500, halt_window_ms=0),
        *FINER,
        *[change(COIN, maker_fee_bps=400, taker_fee_bps=300)] * 7,
        *[change(COIN, maker_fee_bps=10, taker_fee_bps=20)] * 4,
        change(GOLD, status=InstrumentStatus.HALTED),
        change(GOLD, status=InstrumentStatus.TRADING, taker_fee_bps=3),
    )
)
changes_of_accounts: st.SearchStrategy[OwnCommand] = st.one_of(
    st.builds(SetAccountStatus, accounts, st.sampled_from((False, False, True))),
    st.builds(CancelAfter, accounts, st.sampled_from((6 * TICK, 3 * TICK, TICK, 0))),
    st.builds(WatchAccount, accounts),
    st.builds(MoveTimers, st.sampled_from((-2 * TICK, -TICK, TICK, 4 * TICK))),
    st.just(AdvanceTime()),
)
limits = st.sampled_from(
    (
        *[SetLimits()] * 12,
        *[SetLimits(trades=1), SetLimits(trades=2)] * 3,
        SetLimits(trades=3, trigger_moves=0),
        SetLimits(trigger_moves=0),
        SetLimits(trigger_moves=1),
        SetLimits(accounts=1),
        *[SetLimits(accounts=1), SetLimits(accounts=2), SetLimits(accounts=3)] * 3,
        SetLimits(accounts=2, cancels=1),
        SetLimits(cancels=1),
        SetLimits(cancels=2, trades=2),
        SetLimits(trigger_orders=1),
        SetLimits(trigger_orders=2, expiring_orders=1),
        SetLimits(expiring_orders=0),
        SetLimits(iceberg_parts=1),
        SetLimits(iceberg_parts=2),
    )
)
refusals = st.builds(
    RefuseCommand, st.sampled_from((Refusal.NO_SAVED_BOOK, Refusal.COMMAND_REFUSED)), st.sampled_from(("", "crashed"))
)
repeats = st.integers(0, 6)
"""Send the order of so many orders ago once more."""

repeats_of_money = st.integers(-3, -1)
"""The last command that moves money, or one of the two before it, once more."""

Step = OwnCommand | int | None

kinds: tuple[st.SearchStrategy[Step], ...] = (
    st.none(),
    *[orders()] * 48,
    *[ocos()] * 14,
    *[cancels()] * 3,
    *[cancel_replaces] * 8,
    cancels_of_all,
    *[amends()] * 12,
    *[changes_of_instruments] * 4,
    *[changes_of_accounts] * 5,
    limits,
    *[repeats] * 2,
    *[money_commands] * 10,
    *[repeats_of_money] * 3,
    refusals,
)
steps: st.SearchStrategy[Step] = st.sampled_from(kinds).flatmap(lambda kind: kind)
"""None stands for no command at all: it lets a failing tape shrink, although all have the same length."""


Sent = list[PlaceOrder | PlaceOco | CancelReplace | MoneyCommand]


def stamp(played: list[Step], opening: tuple[ResetAccount, ...] | None) -> Tape:
    """Put in the real ids, times, prices and amounts, behind two instruments to trade and the accounts' balances.

    With None for these, no money is in the tape.
    """
    tape: Tape = []
    engine = NaiveEngine()
    sent: Sent = []

    def append(time: int, command: OwnCommand) -> None:
        tape.append((len(tape) + 1, time, command))
        engine.apply(*tape[-1])

    instruments = (SetInstrument.of(COIN), SetInstrument.of(GOLD))
    for number, step in enumerate((*instruments, *(opening or ()), *played)):
        time = START + number // COMMANDS_A_TICK * TICK
        if opening is None and isinstance(step, MoneyCommand):
            continue
        command = complete(engine, time, sent, step)
        if isinstance(command, PlaceOrder | PlaceOco | CancelReplace | MoneyCommand):
            sent.append(command)
        if command is not None:
            if engine.is_due(time):
                append(time, AdvanceTime())
            append(time, command)
    return tape


def complete(engine: NaiveEngine, time: int, sent: Sent, step: Step) -> OwnCommand | None:
    """The command that the step stands for in this state of the exchange."""
    match step:
        case int():
            return again(sent, step)
        case AmendOrder(quantity=None) if any(each.halted_until for each in engine.instruments.values()):
            return MoveTimers(TICK)
        case CancelOrder() | AmendOrder():
            return name_live_order(engine, step)
        case CancelReplace():
            return complete_replace(engine, time, sent, step)
        case PlaceOrder(terms=OrderTerms(expire_time=expire_time)) if 0 < expire_time < SOON:
            assert step.terms is not None
            return replace(step, terms=replace(step.terms, expire_time=time + expire_time * TICK))
        case Deposit() | Withdraw() | Transfer() | CloseLedger() | ResetAccount():
            return complete_money(engine, len(sent), step)
        case PlaceOrder(terms=OrderTerms(quote_quantity=quote_quantity)) if quote_quantity == ALL_IN:
            return spend_all(engine, step)
        case PlaceOco():
            return around_last_trade(engine, time, step)
        case SetInstrument() if (
            COIN.symbol in engine.instruments and engine.instruments[COIN.symbol].status is not InstrumentStatus.TRADING
        ):
            return AS_BEFORE
        case SetAccountStatus(_, suspended=False):
            suspended = [name for name, account in engine.accounts.items() if account.suspended]
            return replace(step, account=suspended[0]) if suspended else step
    return step


def complete_replace(engine: NaiveEngine, time: int, sent: Sent, step: CancelReplace) -> CancelReplace | None:
    """Mostly of an order of the same account."""
    cancel, place = name_live_order(engine, step.cancel), complete(engine, time, sent, step.place)
    if not isinstance(cancel, CancelOrder) or not isinstance(place, PlaceOrder):
        return None
    if cancel.order_id is not None and cancel.order_id <= len(engine.orders) and cancel.order_id % 4:
        place = replace(place, account=engine.orders[cancel.order_id - 1].account)
    return replace(step, cancel=cancel, place=place)


def again(sent: Sent, step: int) -> OwnCommand | None:
    what = MoneyCommand if step < 0 else PlaceOrder | PlaceOco | CancelReplace
    same = [command for command in sent if isinstance(command, what)]
    back = -step if step < 0 else step + 1
    return same[-back] if back <= len(same) else None


def name_live_order(engine: NaiveEngine, command: CancelOrder | AmendOrder) -> CancelOrder | AmendOrder | None:
    """Replace an order_id below zero by a live order's name, if there is any."""
    if command.order_id is None or command.order_id > 0:
        return command
    live = engine.live()
    if not live:
        return None
    order = live[command.order_id % len(live)]
    if isinstance(command, AmendOrder) and order.order_id % 8:  # Most are asked only for what they can do.
        has_price, waits = order.price is not None, order.state == "pending"
        command = replace(
            command, price=command.price if has_price else None, trigger_price=command.trigger_price if waits else None
        )
        if order.terms.post_only and command.price is not None:
            opposite = engine.resting(order.entered.symbol, Side.SELL if order.side is Side.BUY else Side.BUY)
            command = replace(command, price=opposite[0].price if opposite else command.price)
    if command.client_order_id == ITS_OWN and order.client_order_id is not None:
        return replace(command, order_id=None, account=order.account, client_order_id=order.client_order_id)
    return replace(command, order_id=order.order_id, client_order_id=None)


def around_last_trade(engine: NaiveEngine, time: int, command: PlaceOco) -> PlaceOco:
    """Replace distances by prices on the legs' sides of the last trade."""
    last, sign = engine.last_price(command.symbol) or 100, 1 if command.side is Side.SELL else -1
    fields: dict[str, int] = {}
    sides = {"price": sign, "take_profit_trigger_price": sign, "stop_trigger_price": -sign, "stop_price": -sign}
    for field, away in sides.items():
        distance = getattr(command, field)
        if distance is not None and distance < NEAR:
            fields[field] = last + away * distance
    if 0 < command.expire_time < SOON:
        fields["expire_time"] = time + command.expire_time * TICK
    return replace(command, **fields)


played = st.lists(steps, min_size=LENGTH, max_size=LENGTH)
tapes: st.SearchStrategy[Tape] = st.builds(stamp, played, st.one_of(st.none(), openings, openings, openings))
