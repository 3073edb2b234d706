"""Calls that place, change and cancel orders."""

from matching_exchange.client.calls.requests import NewOrder
from matching_exchange.client.decimals import DecimalInput
from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.times import TimeInput
from matching_exchange.client.types.orders import OcoOrders, Order, Replacement
from matching_exchange.client.types.words import (
    OnlyStatusWord,
    OrderType,
    OrderTypeWord,
    SelfTradePrevention,
    SelfTradePreventionWord,
    Side,
    SideWord,
    TimeInForce,
    TimeInForceWord,
)
from matching_exchange.client.zmq import units
from matching_exchange.client.zmq.calls.commands import OrderName, order_name, place_command, with_instrument
from matching_exchange.client.zmq.steps import Ask, Known, Send, Step, Told, expect
from matching_exchange.client.zmq.views import orders as views
from protocol.commands import AmendOrder, CancelOrder, CancelReplace, OrderQuery, PlaceOco, PlaceOrder
from protocol.events import CancelReplaced, OrderResult, OrderState, OrderStates
from protocol.instrument import Instrument
from protocol.placed import placed_order
from protocol.units import OnlyStatus
from protocol.units import SelfTradePrevention as Prevention
from protocol.units import TimeInForce as InForce


def place(
    known: Known,
    symbol: str,
    side: Side | SideWord,
    order_type: OrderType | OrderTypeWord = "limit",
    *,
    quantity: DecimalInput | None = None,
    price: DecimalInput | None = None,
    trigger_price: DecimalInput | None = None,
    client_order_id: str | None = None,
    account: str | None = None,
    post_only: bool | None = None,
    self_trade_prevention: SelfTradePrevention | SelfTradePreventionWord | None = None,
    expire_time: TimeInput | None = None,
    display_quantity: DecimalInput | None = None,
    quote_quantity: DecimalInput | None = None,
    trailing_bps: int | None = None,
    trailing_amount: DecimalInput | None = None,
    activation_price: DecimalInput | None = None,
    max_slippage_bps: int | None = None,
    open_only_client_order_id: bool | None = None,
    reject_if_triggered: bool | None = None,
    time_in_force: TimeInForce | TimeInForceWord | None = None,
    tag: str | None = None,
) -> Step[Order]:
    """Place an order. Answers with it, and with the trades that it has made at once.

    quantity: in the base, a multiple of the instrument's lot_size. price: in the quote, a multiple of its tick_size.
    trigger_price: when a stop or a take-profit fires.
    client_order_id: its name, unique for good. None is made: the session sends each order once.
    quote_quantity: of a market order in place of quantity, what it spends or receives at most, without fees.
    expire_time: the last moment at which it may trade.
    display_quantity: an iceberg, the part that is shown.
    trailing_bps, trailing_amount, activation_price: how far a trailing stop's trigger trails, and from when on.
    max_slippage_bps: of a market order, take nothing farther from the best price.
    open_only_client_order_id: the name is unique among live orders only.
    docs/order-management.md says which order_type takes which field.

    An order that the market forbids has status `rejected`, with a reason. Raises InvalidValue or Refused for a bad
    field, Conflict for a used name, Unavailable without a matcher, OutcomeUnknown if no answer came in time.
    """
    order = NewOrder(
        symbol,
        side,
        order_type,
        quantity,
        price,
        trigger_price,
        client_order_id,
        account,
        post_only,
        self_trade_prevention,
        expire_time,
        display_quantity,
        quote_quantity,
        trailing_bps,
        trailing_amount,
        activation_price,
        max_slippage_bps,
        open_only_client_order_id,
        reject_if_triggered,
        time_in_force,
        tag,
    )
    return with_instrument(known, symbol, lambda instrument: _place(known, order, instrument))


def _place(known: Known, order: NewOrder, instrument: Instrument) -> Send[Order]:
    command = place_command(known, order, instrument)

    def read(told: Told) -> Order:
        return views.order(_placed(command, told, instrument), instrument)

    return Send(command, read, order.client_order_id)


def _placed(command: PlaceOrder, told: Told, instrument: Instrument) -> OrderState:
    result = told.value
    if isinstance(result, OrderResult):
        return placed_order(command, result, told.sequence, told.timestamp)
    return expect(result, OrderState, instrument)


def place_oco(
    known: Known,
    symbol: str,
    side: Side | SideWord,
    *,
    quantity: DecimalInput,
    stop_trigger_price: DecimalInput,
    price: DecimalInput | None = None,
    take_profit_trigger_price: DecimalInput | None = None,
    stop_price: DecimalInput | None = None,
    client_order_id: str | None = None,
    stop_client_order_id: str | None = None,
    list_client_order_id: str | None = None,
    account: str | None = None,
    self_trade_prevention: SelfTradePrevention | SelfTradePreventionWord | None = None,
    expire_time: TimeInput | None = None,
    open_only_client_order_id: bool | None = None,
    cancel_on_first_fill: bool | None = None,
    post_only: bool | None = None,
    display_quantity: DecimalInput | None = None,
    time_in_force: TimeInForce | TimeInForceWord | None = None,
    tag: str | None = None,
    stop_display_quantity: DecimalInput | None = None,
    stop_time_in_force: TimeInForce | TimeInForceWord | None = None,
    stop_tag: str | None = None,
) -> Step[OcoOrders]:
    """Place two orders, each of which cancels the other: a limit order at `price`, and a stop at `stop_trigger_price`.

    stop_price: the stop becomes a limit order at it; without it a market order.
    take_profit_trigger_price: the limit order waits for it.
    cancel_on_first_fill: the first trade of one order cancels the other; else it lowers it.
    client_order_id: of the limit order, at most 59 characters; the stop has it with `:stop` behind it.
    The fields that begin with stop_ are the stop's. Raises as `place`.
    """

    def send(instrument: Instrument) -> Send[OcoOrders]:
        of_price, of_quantity = units.price, units.quantity
        size = of_quantity(quantity, "quantity", instrument)
        trigger = of_price(stop_trigger_price, "stop_trigger_price", instrument, "trigger_price")
        if size is None:
            raise InvalidValue("quantity takes a positive number, not None.", "quantity")
        if trigger is None:
            raise InvalidValue("stop_trigger_price takes a positive number, not None.", "stop_trigger_price")
        command = PlaceOco(
            symbol,
            account or known.account,
            units.member(side, units.SIDES, "side"),
            size,
            of_price(price, "price", instrument),
            trigger,
            of_price(stop_price, "stop_price", instrument, "price"),
            client_order_id,
            known.deadline(),
            _prevention(self_trade_prevention),
            units.time(expire_time, "expire_time"),
            units.flag(cancel_on_first_fill, "cancel_on_first_fill"),
            units.flag(post_only, "post_only"),
            of_price(take_profit_trigger_price, "take_profit_trigger_price", instrument, "trigger_price"),
            stop_client_order_id,
            list_client_order_id,
            of_quantity(display_quantity, "display_quantity", instrument),
            _in_force(time_in_force, "time_in_force"),
            tag,
            of_quantity(stop_display_quantity, "stop_display_quantity", instrument, "display_quantity"),
            _in_force(stop_time_in_force, "stop_time_in_force"),
            stop_tag,
            units.flag(open_only_client_order_id, "open_only_client_order_id"),
        )

        def read(told: Told) -> OcoOrders:
            limit, stop = expect(told.value, OrderStates, instrument).orders
            return OcoOrders((views.order(limit, instrument), views.order(stop, instrument)))

        return Send(command, read, client_order_id)

    return with_instrument(known, symbol, send)


def _prevention(word: str | None) -> Prevention:
    return (
        Prevention.NONE if word is None else units.member(word, units.SELF_TRADE_PREVENTIONS, "self_trade_prevention")
    )


def _in_force(word: str | None, field: str) -> InForce:
    return InForce.GTC if word is None else units.member(word, units.TIMES_IN_FORCE, field)


def cancel(
    known: Known,
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
    only_status: OnlyStatusWord | None = None,
    cancel_client_order_id: str | None = None,
) -> Step[Order]:
    """Cancel what is left of an order: by its order_id or its client_order_id. Answers with the order as it ended.

    only_status: only if nothing of it is filled (new), or something (partially_filled).
    cancel_client_order_id: a name for the cancel, which the account's stream tells.
    Raises NotFound for an unknown order, Conflict `order_not_open` for one that is done, and as `place`.
    """
    name = order_name(known, order_id, client_order_id, account)
    command = CancelOrder(*name, _only_status(only_status), cancel_client_order_id)
    return Send(command, lambda told: _changed(known, told), client_order_id)


def _only_status(word: str | None) -> OnlyStatus | None:
    return None if word is None else units.member(word, units.ONLY_STATUSES, "only_status")


def _changed(known: Known, told: Told, instrument: Instrument | None = None) -> Order | Step[Order]:
    """The order that a command has changed."""
    state = expect(told.value, OrderState, instrument)
    return known.knowing([state.symbol], lambda: views.order(state, known.instruments[state.symbol]))


def amend(
    known: Known,
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
    quantity: DecimalInput | None = None,
    price: DecimalInput | None = None,
    trigger_price: DecimalInput | None = None,
    new_client_order_id: str | None = None,
    symbol: str | None = None,
) -> Step[Order]:
    """Change an order in one command; it is never away. Answers with it, and with the trades that it has made.

    quantity: the new total, the filled part included. Less of it at the same price keeps the place in the queue.
    symbol: that of the order. Without it the order is looked up first, for the units of its numbers.
    Raises as `cancel`.
    """
    if quantity is None and price is None and trigger_price is None and new_client_order_id is None:
        raise InvalidValue("amend takes a quantity, a price, a trigger_price or a new_client_order_id.", "quantity")
    name = order_name(known, order_id, client_order_id, account)

    def send(instrument: Instrument) -> Send[Order]:
        command = AmendOrder(
            *name,
            units.quantity(quantity, "quantity", instrument),
            units.price(price, "price", instrument),
            units.price(trigger_price, "trigger_price", instrument),
            new_client_order_id,
        )
        return Send(command, lambda told: _changed(known, told, instrument), client_order_id)

    if symbol is not None:
        return with_instrument(known, symbol, send)

    def found(told: Told) -> Order | Step[Order]:
        return with_instrument(known, expect(told.value, OrderState).symbol, send)

    return Ask(OrderQuery(*name), found)


def cancel_replace(
    known: Known,
    order_id: int | str | None = None,
    *,
    place: NewOrder,
    client_order_id: str | None = None,
    only_status: OnlyStatusWord | None = None,
    cancel_client_order_id: str | None = None,
    allow_failure: bool = False,
    account: str | None = None,
) -> Step[Replacement]:
    """Cancel one order and place another in one command. Nothing comes between.

    order_id, client_order_id: the order to cancel, one of both. place: the new order, of the same account.
    allow_failure: place the new order also if the cancel is refused. only_status, cancel_client_order_id: as in
    `cancel`. Answers with what became of both, also if a part failed. Raises as `place`.
    """
    name: OrderName = order_name(known, order_id, client_order_id, account or place.account)

    def send(instrument: Instrument) -> Send[Replacement]:
        cancel = CancelOrder(*name, _only_status(only_status), cancel_client_order_id)
        command = CancelReplace(cancel, place_command(known, place, instrument, account), allow_failure)

        def read(told: Told) -> Replacement | Step[Replacement]:
            result = expect(told.value, CancelReplaced, instrument)
            parts = [part for part in (result.canceled, result.placed) if isinstance(part, OrderState)]
            return known.knowing([part.symbol for part in parts], lambda: views.replacement(result, known.instruments))

        return Send(command, read, place.client_order_id)

    return with_instrument(known, place.symbol, send)
