"""What random tapes must meet of money, seen by the naive engine."""

from collections.abc import Iterator

from protocol.commands import (
    AmendOrder,
    CancelReplace,
    CloseLedger,
    Deposit,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    ResetAccount,
    SetInstrument,
    Transfer,
    Withdraw,
)
from protocol.events import (
    CommandRefused,
    Event,
    LedgerSet,
    MoneyMoved,
    OrderCanceled,
    OrderRejected,
    Trade,
    TransferDuplicated,
)
from protocol.units import OrderType, Reason, Refusal, Side
from tests.oracle.naive_engine import NaiveEngine
from tests.oracle.naive_order import NaiveOrder

MOVEMENTS = (Deposit, Withdraw, Transfer)

ALL_OF_MONEY: frozenset[object] = frozenset(
    (
        *(f"short: {kind}" for kind in ("a sale", "a priced purchase", "an OCO", "an amend")),
        *(f"short: a quote_quantity that {what}" for what in ("buys", "sells")),
        *(f"{Refusal.INSUFFICIENT_BALANCE.name}: {kind.__name__}" for kind in (Withdraw, Transfer, AmendOrder)),
        *(f"{Refusal.NO_LEDGER.name}: {kind.__name__}" for kind in (Withdraw, Transfer, CloseLedger)),
        *(f"{Refusal.OPEN_ORDERS.name}: {kind.__name__}" for kind in (Deposit, Transfer, CloseLedger)),
        *(f"{Refusal.TOO_MANY_ACCOUNTS.name}: {kind.__name__}" for kind in (Deposit, ResetAccount)),
        *(f"{Refusal.INVALID_AMOUNT.name}: {kind.__name__}" for kind in MOVEMENTS),
        *(f"{Refusal.UNKNOWN_ASSET.name}: {kind.__name__}" for kind in MOVEMENTS),
        *(f"{Refusal.TRANSFER_ID_CONFLICT.name}: {kind.__name__}" for kind in (*MOVEMENTS, ResetAccount)),
        f"{Refusal.SAME_ACCOUNT.name}: {Transfer.__name__}",
        *(f"duplicated: {kind.__name__}" for kind in (*MOVEMENTS, ResetAccount)),
        *(f"trade of {kind}" for kind in ("two ledgers", "a ledger and outside", "a ledger with itself", "outside")),
        "the maker pays less than the rate",
        "a quote_quantity spends less than it says",
        *(f"a ledger begins: {kind.__name__}" for kind in (Deposit, Transfer, ResetAccount)),
        "a ledger begins with live orders",
        "a ledger ends",
        "a reset cancels",
        "an asset that somebody has becomes finer",
        *("a position is turned", "a position is reduced", "a position is closed"),
    )
)


class MoneyEncounters:
    """Plays a tape to a naive engine and tells what each command has met."""

    def __init__(self) -> None:
        self.engine = NaiveEngine()

    def play(self, sequence: int, time: int, command: OwnCommand) -> Iterator[str]:
        engine, assets, positions = self.engine, self.engine.assets(), self._positions()
        events = engine.apply(sequence, time, command)
        for event in events:
            yield from self._of(command, event)
        if isinstance(command, ResetAccount) and isinstance(events[0], OrderCanceled):
            yield "a reset cancels"
        if isinstance(command, SetInstrument) and any(
            ledger.totals[asset] and engine.assets()[asset] > decimals
            for ledger in engine.ledgers.values()
            for asset, decimals in assets.items()
        ):
            yield "an asset that somebody has becomes finer"
        trades = [event for event in events if isinstance(event, Trade)]
        for place, after in self._positions().items() if len(trades) == 1 else ():
            before = positions.get(place, 0)
            if before * after < 0:
                yield "a position is turned"
            elif abs(after) < abs(before):
                yield "a position is reduced" if after else "a position is closed"

    def _positions(self) -> dict[tuple[str, str], int]:
        return {
            (name, symbol): position.quantity
            for name, ledger in self.engine.ledgers.items()
            for symbol, position in ledger.positions.items()
        }

    def _of(self, command: OwnCommand, event: Event) -> Iterator[str]:
        kind = type(command).__name__
        match event:
            case CommandRefused(refusal):
                yield f"{refusal.name}: {kind}"
                if refusal is Refusal.INSUFFICIENT_BALANCE and isinstance(command, AmendOrder):
                    yield "short: an amend"
            case OrderRejected(order_id, Reason.INSUFFICIENT_BALANCE):
                yield f"short: {kind_of(self.engine.orders[order_id - 1], command)}"
            case OrderCanceled(order_id, _, Reason.INSUFFICIENT_BALANCE):
                yield f"short: fired {self.engine.orders[order_id - 1].entered.order_type.name}"
            case TransferDuplicated():
                yield f"duplicated: {kind}"
            case LedgerSet(account, ledger):
                yield f"a ledger begins: {kind}" if ledger else "a ledger ends"
                if ledger and any(order.account == account for order in self.engine.live()):
                    yield "a ledger begins with live orders"
            case MoneyMoved():
                yield f"moved: {kind}"
            case Trade():
                yield from self._of_trade(event)

    def _of_trade(self, trade: Trade) -> Iterator[str]:
        engine = self.engine
        maker, taker = engine.orders[trade.maker_order_id - 1], engine.orders[trade.taker_order_id - 1]
        ledgers = sum(order.account in engine.ledgers for order in (maker, taker))
        if ledgers == 2 and maker.account == taker.account:
            yield "trade of a ledger with itself"
        else:
            yield f"trade of {('outside', 'a ledger and outside', 'two ledgers')[ledgers]}"
        instrument = engine.instruments[trade.symbol]
        if trade.maker_fee_bps < instrument.maker_fee_bps:
            yield "the maker pays less than the rate"
        if trade.taker_fee_bps < instrument.taker_fee_bps:
            yield "the taker pays less than the rate"
        quote_quantity, budget = taker.terms.quote_quantity, taker.budget
        if quote_quantity is not None and budget is not None and budget < quote_quantity:
            yield "a quote_quantity spends less than it says"


def kind_of(order: NaiveOrder, command: OwnCommand) -> str:
    """What locks, as docs/money.md has it."""
    if isinstance(command, PlaceOco):
        return "an OCO"
    assert isinstance(command, PlaceOrder | CancelReplace)
    if order.terms.quote_quantity is not None:
        return f"a quote_quantity that {'buys' if order.side is Side.BUY else 'sells'}"
    if order.side is Side.SELL:
        return "a sale"
    return "a market purchase" if order.entered.order_type is OrderType.MARKET else "a priced purchase"
