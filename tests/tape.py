"""Tests as tapes: rows of a command and all the events that it must cause, compared by equality.

Each tape is played to both engines, the real one and the naive one, so that the oracle of the property tests is tested
as well. The n-th command of a tape is stamped with sequence n and time_of(n), the instruments' commands first.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypedDict, Unpack

import pytest
from msgspec.structs import replace

from matcher.engine import Engine
from protocol.commands import (
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    MoveTimers,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    SetAccountStatus,
    SetInstrument,
)
from protocol.events import (
    AccountSet,
    CancelFailed,
    CommandRefused,
    Event,
    InstrumentSet,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderDuplicated,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderTriggered,
    PlaceFailed,
    Trade,
    TriggerMoved,
)
from protocol.instrument import Instrument
from protocol.units import (
    InstrumentStatus,
    OnlyStatus,
    OrderType,
    Reason,
    Refusal,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from tests.oracle.naive_engine import NaiveEngine
from tests.tape_options import Options

BUY = Side.BUY
SELL = Side.SELL

COIN = Instrument("COIN-USD", "COIN", "USD", 2, 3, 1, 1, 1, 1_000, 10_000, 0, 10, 20)
GOLD = replace(COIN, symbol="GOLD-USD", base="GOLD")

DETAILED = (Refusal.INVALID_INSTRUMENT, Refusal.INSTRUMENT_FIXED, Refusal.TOO_MANY_ACCOUNTS)
"""Refusals whose `detail` is a text for people: its wording is not compared."""

OF_MONEY = (
    Refusal.INSUFFICIENT_BALANCE,
    Refusal.TRANSFER_ID_CONFLICT,
    Refusal.OPEN_ORDERS,
    Refusal.UNKNOWN_ASSET,
    Refusal.NO_LEDGER,
    Refusal.INVALID_AMOUNT,
    Refusal.SAME_ACCOUNT,
)
"""Refusals that may have such a text."""

Row = tuple[OwnCommand, Sequence[Event]]


class AnyEngine(Protocol):
    def apply(self, sequence: int, time: int, command: OwnCommand) -> list[Event]: ...


MakeEngine = Callable[[], AnyEngine]

both_engines = pytest.mark.parametrize(
    "engine", [pytest.param(Engine, id="engine"), pytest.param(NaiveEngine, id="naive")]
)


def play(engine: MakeEngine, *rows: Row, instruments: tuple[Instrument, ...] = (COIN, GOLD)) -> None:
    """Play the rows to a new engine that has the instruments."""
    player = engine()
    for sequence, instrument in enumerate(instruments, 1):
        player.apply(sequence, time_of(sequence), SetInstrument.of(instrument))
    for sequence, (command, events) in enumerate(rows, len(instruments) + 1):
        said = [without_wording(event) for event in player.apply(sequence, time_of(sequence), command)]
        assert said == [stamped(event, sequence) for event in events], f"row {sequence - len(instruments)}: {command}"


def time_of(sequence: int) -> int:
    """The time of the tape's command with that sequence, in nanoseconds."""
    return 1_700_000_000_000_000_000 + sequence * 1_000


def stamped(event: Event, sequence: int) -> Event:
    return replace(event, sequence=sequence, timestamp=time_of(sequence)) if isinstance(event, Trade) else event


def without_wording(event: Event) -> Event:
    """The event without the text of its detail, which must be there where the refusal alone does not say enough."""
    if isinstance(event, CommandRefused) and event.refusal in (*DETAILED, *OF_MONEY, Refusal.INVALID_NAME):
        assert event.detail or event.refusal not in DETAILED
        return replace(event, detail="")
    return event


# Commands


def place(
    order_type: OrderType,
    side: Side,
    quantity: int,
    price: int | None = None,
    trigger_price: int | None = None,
    **options: Unpack[Options],
) -> PlaceOrder:
    return PlaceOrder(
        options.get("symbol", COIN.symbol),
        options.get("account", "default"),
        side,
        order_type,
        quantity,
        price,
        trigger_price,
        options.get("client_order_id"),
        options.get("deadline", 0),
        terms_of(options),
        options.get("open_only", False),
    )


def terms_of(options: Options) -> OrderTerms | None:
    """The terms among the options; None where there are none."""
    given: dict[str, Any] = {name: value for name, value in options.items() if name in OrderTerms.__struct_fields__}
    return OrderTerms(**given) if given else None


def limit(side: Side, quantity: int, price: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.LIMIT, side, quantity, price, **options)


def market(side: Side, quantity: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.MARKET, side, quantity, **options)


def ioc(side: Side, quantity: int, price: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.IOC, side, quantity, price, **options)


def fok(side: Side, quantity: int, price: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.FOK, side, quantity, price, **options)


def stop_market(side: Side, quantity: int, *, at: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.STOP_MARKET, side, quantity, None, at, **options)


def stop_limit(side: Side, quantity: int, price: int, *, at: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.STOP_LIMIT, side, quantity, price, at, **options)


def take_profit(side: Side, quantity: int, *, at: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.TAKE_PROFIT, side, quantity, None, at, **options)


def take_profit_limit(side: Side, quantity: int, price: int, *, at: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.TAKE_PROFIT_LIMIT, side, quantity, price, at, **options)


def trailing_stop(side: Side, quantity: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.TRAILING_STOP, side, quantity, **options)


def trailing_stop_limit(side: Side, quantity: int, price: int, **options: Unpack[Options]) -> PlaceOrder:
    return place(OrderType.TRAILING_STOP_LIMIT, side, quantity, price, **options)


def oco(
    side: Side, quantity: int, price: int | None, *, at: int, stop_price: int | None = None, **options: Unpack[Options]
) -> PlaceOco:
    """A limit leg at `price`, and a stop leg that fires `at` its trigger price. With `take_profit` the limit leg waits
    for that trigger price."""
    return PlaceOco(
        options.get("symbol", COIN.symbol),
        options.get("account", "default"),
        side,
        quantity,
        price,
        at,
        stop_price,
        options.get("client_order_id"),
        options.get("deadline", 0),
        options.get("self_trade_prevention", SelfTradePrevention.NONE),
        options.get("expire_time", 0),
        options.get("cancel_on_first_fill", False),
        options.get("post_only", False),
        options.get("take_profit"),
        options.get("stop_client_order_id"),
        options.get("list_client_order_id"),
        options.get("display_quantity"),
        options.get("time_in_force", TimeInForce.GTC),
        options.get("tag"),
        options.get("stop_display_quantity"),
        options.get("stop_time_in_force", TimeInForce.GTC),
        options.get("stop_tag"),
        options.get("open_only", False),
    )


def suspend(account: str = "default") -> SetAccountStatus:
    return SetAccountStatus(account, suspended=True)


def resume(account: str = "default") -> SetAccountStatus:
    return SetAccountStatus(account, suspended=False)


def cancel_after(timeout: int, account: str = "default") -> CancelAfter:
    return CancelAfter(account, timeout)


def advance_time() -> AdvanceTime:
    return AdvanceTime()


def move_timers(by: int) -> MoveTimers:
    return MoveTimers(by)


def cancel(
    order_id: int | None = None,
    *,
    account: str | None = None,
    client_order_id: str | None = None,
    only: OnlyStatus | None = None,
    name: str | None = None,
    symbol: str | None = None,
) -> CancelOrder:
    return CancelOrder(order_id, account, client_order_id, only, name, symbol)


def cancel_all(account: str = "default", symbol: str | None = None, name: str | None = None) -> CancelAllOrders:
    return CancelAllOrders(account, symbol, name)


def cancel_replace(cancels: CancelOrder, places: PlaceOrder, *, allow_failure: bool = False) -> CancelReplace:
    return CancelReplace(cancels, places, allow_failure)


def amend(
    order_id: int | None = None,
    *,
    quantity: int | None = None,
    price: int | None = None,
    at: int | None = None,
    account: str | None = None,
    client_order_id: str | None = None,
    rename: str | None = None,
) -> AmendOrder:
    return AmendOrder(order_id, account, client_order_id, quantity, price, at, rename)


class Limits(TypedDict, total=False):
    min_quantity: int
    max_quantity: int
    max_price: int
    min_notional: int
    maker_fee_bps: int
    taker_fee_bps: int
    price_band_bps: int
    reference_price: int
    max_open_orders: int
    max_order_notional: int
    halt_bps: int
    halt_window_ms: int
    halt_ms: int


def change(instrument: Instrument, status: InstrumentStatus | None = None, **limits: Unpack[Limits]) -> SetInstrument:
    """Change only the named fields of an instrument."""
    return SetInstrument(
        instrument.symbol, instrument.price_decimals, instrument.quantity_decimals, status=status, **limits
    )


# Events


def placed(order_id: int) -> OrderPlaced:
    return OrderPlaced(order_id)


def rejected(order_id: int, reason: Reason) -> OrderRejected:
    return OrderRejected(order_id, reason)


def duplicated(order_id: int) -> OrderDuplicated:
    return OrderDuplicated(order_id)


def triggered(order_id: int) -> OrderTriggered:
    return OrderTriggered(order_id)


def trade(
    trade_id: int,
    aggressor_side: Side,
    quantity: int,
    price: int,
    *,
    maker: int,
    taker: int,
    instrument: Instrument = COIN,
) -> Trade:
    """A trade at the instrument's rates; `play` stamps it with the command's sequence and time."""
    rates = (instrument.maker_fee_bps, instrument.taker_fee_bps)
    return Trade(
        instrument.symbol, trade_id, price, quantity, aggressor_side, maker, taker, *rates, sequence=0, timestamp=0
    )


def canceled(order_id: int, quantity: int, reason: Reason = Reason.REQUESTED, name: str | None = None) -> OrderCanceled:
    return OrderCanceled(order_id, quantity, reason, name)


def amended(
    order_id: int,
    quantity: int,
    price: int | None,
    at: int | None = None,
    renamed: tuple[str | None, str | None] = (None, None),
) -> OrderAmended:
    """`renamed` are the new client_order_id and the one before it."""
    return OrderAmended(order_id, quantity, price, at, *renamed)


def cancel_failed(refusal: Refusal, field: str = "") -> CancelFailed:
    return CancelFailed(refusal, field)


def place_failed(refusal: Refusal, field: str = "") -> PlaceFailed:
    return PlaceFailed(refusal, field)


def reduced(order_id: int, quantity: int) -> OrderReduced:
    return OrderReduced(order_id, quantity)


def decremented(order_id: int, quantity: int) -> OrderDecremented:
    return OrderDecremented(order_id, quantity)


def moved(order_id: int, trigger_price: int) -> TriggerMoved:
    return TriggerMoved(order_id, trigger_price)


def account_set(account: str = "default", *, suspended: bool = False, cancel_at: int | None = None) -> AccountSet:
    return AccountSet(account, suspended, cancel_at)


def refused(refusal: Refusal, field: str = "") -> CommandRefused:
    return CommandRefused(refusal, field)


# Rows


def opening_trade(price: int) -> tuple[Row, Row]:
    """The first two orders and the first trade of COIN-USD; the book is empty again."""
    return (
        (limit(SELL, 1, price), [placed(1)]),
        (market(BUY, 1), [placed(2), trade(1, BUY, 1, price, maker=1, taker=2)]),
    )


def protect(**fields: Unpack[Limits]) -> Row:
    """COIN-USD, otherwise as it was first, gets these fields."""
    return change(COIN, **fields), [InstrumentSet(replace(COIN, **fields))]
