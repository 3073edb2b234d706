"""Random money for property tests: what accounts have as a tape begins, and commands that move money in it.

Amounts are a few orders' worth: orders are short of money often, and most trade. A transfer_id NEW and an amount ALL
stand for what `complete_money` puts in.
"""

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.commands import CloseLedger, Deposit, PlaceOrder, ResetAccount, SetInstrument, Transfer, Withdraw
from protocol.units import Side
from tests.oracle.naive_engine import NaiveEngine
from tests.oracle.naive_matching import MARKETS_THAT_WAIT

MoneyCommand = Deposit | Withdraw | Transfer | CloseLedger | ResetAccount

NEW = "new"
ALL = "all"
OPENING = "opening"

FINER = (
    SetInstrument("COIN-EUR", 4, 5, "COIN", "EUR", 1, 1, max_quantity=10_000, max_price=10_000),
    SetInstrument("FINE-USD", 6, 6, "FINE", "USD", 1, 1, max_quantity=10_000, max_price=10_000, taker_fee_bps=7),
)
"""Instruments that need more decimals of COIN, and of USD."""

AMOUNTS = {
    "USD": ("0.03", "0.05", "0.1", "0.1001", "0.3", "6000", "2000.5"),
    "COIN": ("0.01", "0.03", "0.05", "0.1", "0.3"),
    "GOLD": ("10", "30", "100"),
    "SILVER": ("0.1",),
}
"""Of one order of COIN-USD or GOLD-USD, and of a few. The fees of COIN-USD need nine decimals of USD."""

FLAWS: tuple[dict[str, Any], ...] = (
    *[{}] * 60,
    {"amount": "0"},
    {"amount": "-1"},
    {"amount": "x"},
    {"amount": "0.1234"},
    {"amount": "0.1234567891234"},
    {"amount": "5e-2"},
    *[{"asset": "NONE"}] * 3,
    {"transfer_id": "a b"},
    {"account": "a b"},
)

accounts = st.sampled_from((*["default", "ann", "bob"] * 2, "cid", "cid"))
transfer_ids = st.sampled_from((*[NEW] * 8, "a", "b", OPENING, OPENING))
what = st.sampled_from(("USD", "USD", "COIN", "COIN", "GOLD")).flatmap(
    lambda asset: st.tuples(st.just(asset), st.sampled_from((*AMOUNTS[asset], *[ALL] * 5)))
)


def balances_of(assets: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({asset: st.sampled_from((*AMOUNTS[asset], "0")) for asset in assets})


balances = st.sampled_from((("USD", "COIN"), ("USD", "COIN", "GOLD"), ("COIN",), ("USD", "GOLD"), ())).flatmap(
    balances_of
)


@st.composite
def movements(draw: st.DrawFn) -> MoneyCommand:
    kind, account, (asset, amount), transfer_id = (
        draw(st.sampled_from((Deposit, Withdraw, Transfer, Transfer))),
        draw(accounts),
        draw(what),
        draw(transfer_ids),
    )
    fields = {"account": account, "asset": asset, "amount": amount, "transfer_id": transfer_id, **draw(flaws)}
    if kind is Transfer:
        return Transfer(**fields, to=draw(accounts))
    return Deposit(**fields) if kind is Deposit else Withdraw(**fields)


flaws = st.sampled_from(FLAWS)
resets = st.builds(ResetAccount, accounts, balances, transfer_ids)
money_commands: st.SearchStrategy[MoneyCommand] = st.one_of(
    movements(), movements(), movements(), resets, st.builds(CloseLedger, accounts)
)

POOR: dict[str, tuple[str, ...]] = {"USD": ("0.05", "0.1", "0.3"), "COIN": ("0.05", "0.1", "0.3", "0.3")}

openings: st.SearchStrategy[tuple[ResetAccount, ...]] = st.sampled_from(
    ((), ("ann",), ("default",), ("bob", "ann"), ("default", "ann"), ("default", "ann", "bob"))
).flatmap(
    lambda names: st.tuples(
        *(
            st.builds(
                ResetAccount,
                st.just(name),
                st.fixed_dictionaries(
                    {
                        **{asset: st.sampled_from(texts) for asset, texts in POOR.items()},
                        "GOLD": st.sampled_from(("0", "0", "100")),
                    }
                ),
                st.just(OPENING),
            )
            for name in names
        )
    )
)
"""What accounts have as a tape begins. All others trade without limit."""


def spend_all(engine: NaiveEngine, order: PlaceOrder) -> PlaceOrder:
    """Let a quote_quantity be just what its account has free."""
    instrument = engine.instruments.get(order.symbol)
    if order.terms is None or instrument is None or order.account not in engine.ledgers:
        return order
    units = engine.free(order.account, instrument.quote) * 10**instrument.value_decimals
    return replace(order, terms=replace(order.terms, quote_quantity=int(units) or None))


def complete_money(engine: NaiveEngine, number: int, command: MoneyCommand) -> MoneyCommand:
    """Put in what NEW and ALL stand for: all that is free, of a deposit all that the account's orders lock.

    A withdrawal or a transfer of all is from an account whose market order waits to buy, if there is one.
    """
    if isinstance(command, CloseLedger):
        return command
    if command.transfer_id == NEW:
        command = replace(command, transfer_id=f"t{number}")
    if not isinstance(command, ResetAccount) and command.amount == ALL:
        amount = Fraction(0)
        if isinstance(command, Deposit):
            amount = engine.locked(command.account, command.asset)
        else:
            command = from_under_a_waiting_order(engine, command)
            if command.account in engine.ledgers:
                amount = engine.free(command.account, command.asset)
        return replace(command, amount=engine.text_of(command.asset, amount) if amount else "0.05")
    return command


def from_under_a_waiting_order(engine: NaiveEngine, command: Withdraw | Transfer) -> Withdraw | Transfer:
    for order in engine.live():
        is_market = order.entered.order_type in MARKETS_THAT_WAIT
        if is_market and order.side is Side.BUY and order.account in engine.ledgers:
            return replace(command, account=order.account, asset=engine.asset_of(order))
    return command
