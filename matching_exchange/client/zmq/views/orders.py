"""Orders, their fills, and what changes them."""

from decimal import Decimal

from matching_exchange.client.times import Time
from matching_exchange.client.types import orders as told
from matching_exchange.client.types.words import Liquidity, PartResult
from matching_exchange.client.zmq.refused import problem
from matching_exchange.client.zmq.views.units import (
    ORDER_TYPES,
    REASONS,
    SELF_TRADE_PREVENTIONS,
    SIDES,
    STATUSES,
    TIMES_IN_FORCE,
    Instruments,
    optional_price,
    optional_quantity,
    optional_value,
    price,
    quantity,
)
from protocol.averages import average_price
from protocol.commands import NO_TERMS
from protocol.events import (
    Amendment,
    CancelReplaced,
    CommandRefused,
    Fill,
    OrderState,
    PreventedMatch,
    Trade,
)
from protocol.instrument import Instrument, format_fee
from protocol.units import OrderStatus, SelfTradePrevention, Side, TimeInForce


def order(state: OrderState, instrument: Instrument) -> told.Order:
    """The order as it stands."""
    average = average_price(state.filled_value, state.filled_quantity, instrument.price_decimals)
    terms = NO_TERMS if state.terms is None else state.terms
    prevention, in_force = terms.self_trade_prevention, terms.time_in_force
    return told.Order(
        state.order_id,
        state.client_order_id,
        state.account,
        state.symbol,
        SIDES[state.side],
        ORDER_TYPES[state.order_type],
        optional_price(state.price, instrument),
        optional_price(state.trigger_price, instrument),
        STATUSES[state.status],
        state.resting,
        quantity(state.quantity, instrument),
        quantity(state.filled_quantity, instrument),
        quantity(state.remaining_quantity, instrument),
        quantity(state.prevented_quantity, instrument),
        None if average is None else Decimal(average),
        tuple(order_trade(trade, instrument) for trade in state.trades),
        None if state.reason is None else REASONS[state.reason],
        None if state.reserved is None else Decimal(state.reserved),
        state.sequence,
        Time(state.timestamp),
        state.updated_sequence,
        Time(state.updated),
        None if state.working_since is None else Time(state.working_since),
        duplicate=state.duplicate,
        post_only=terms.post_only,
        self_trade_prevention=None if prevention is SelfTradePrevention.NONE else SELF_TRADE_PREVENTIONS[prevention],
        expire_time=Time(terms.expire_time) if terms.expire_time else None,
        display_quantity=optional_quantity(terms.display_quantity, instrument),
        quote_quantity=optional_value(terms.quote_quantity, instrument),
        unspent_quote_quantity=optional_value(state.unspent, instrument),
        trailing_bps=terms.trailing_bps,
        trailing_amount=optional_price(terms.trailing_amount, instrument),
        activation_price=optional_price(terms.activation_price, instrument),
        oco_id=state.oco_id,
        max_slippage_bps=terms.max_slippage_bps,
        previous_client_order_id=state.previous_client_order_id,
        reject_if_triggered=terms.reject_if_triggered,
        time_in_force=None if in_force is TimeInForce.GTC else TIMES_IN_FORCE[in_force],
        tag=terms.tag,
        cancel_on_first_fill=state.cancel_on_first_fill,
        list_client_order_id=state.list_client_order_id,
        prevented_match_id=state.prevented_match_id or None,
    )


def orders(states: list[OrderState], instruments: Instruments) -> tuple[told.Order, ...]:
    return tuple(order(state, instruments[state.symbol]) for state in states)


def order_trade(trade: Trade, instrument: Instrument) -> told.OrderTrade:
    """A trade, as in the answer of an order."""
    return told.OrderTrade(
        trade.trade_id,
        price(trade.price, instrument),
        quantity(trade.quantity, instrument),
        SIDES[trade.aggressor_side],
        trade.maker_order_id,
        trade.taker_order_id,
        Decimal(format_fee(instrument, trade.price, trade.quantity, trade.maker_fee_bps)),
        Decimal(format_fee(instrument, trade.price, trade.quantity, trade.taker_fee_bps)),
    )


def fill(trade: Trade, instrument: Instrument, *, maker: bool) -> told.Fill:
    """One side of the trade, the maker's or the taker's."""
    side = trade.aggressor_side
    if maker:
        side = Side.BUY if side is Side.SELL else Side.SELL
    fee_bps = trade.maker_fee_bps if maker else trade.taker_fee_bps
    return told.Fill(
        Time(trade.timestamp),
        trade.sequence,
        trade.symbol,
        trade.trade_id,
        trade.maker_order_id if maker else trade.taker_order_id,
        SIDES[side],
        price(trade.price, instrument),
        quantity(trade.quantity, instrument),
        Decimal(format_fee(instrument, trade.price, trade.quantity, fee_bps)),
        Liquidity.MAKER if maker else Liquidity.TAKER,
    )


def fills(found: list[Fill], instruments: Instruments) -> tuple[told.Fill, ...]:
    return tuple(fill(each.trade, instruments[each.trade.symbol], maker=each.maker) for each in found)


def replacement(result: CancelReplaced, instruments: Instruments) -> told.Replacement:
    """What became of both parts."""
    return told.Replacement(_part(result.canceled, instruments), _part(result.placed, instruments))


def _part(part: OrderState | CommandRefused | None, instruments: Instruments) -> told.ReplacementPart:
    if part is None:
        return told.ReplacementPart(PartResult.NOT_ATTEMPTED)
    if isinstance(part, CommandRefused):
        return told.ReplacementPart(PartResult.FAILED, None, problem(part))
    result = PartResult.FAILED if part.status is OrderStatus.REJECTED else PartResult.DONE
    return told.ReplacementPart(result, order(part, instruments[part.symbol]))


def amendment(found: Amendment, instrument: Instrument) -> told.Amendment:
    """What an amend has changed."""
    return told.Amendment(
        found.sequence,
        Time(found.timestamp),
        quantity(found.quantity, instrument),
        quantity(found.previous_quantity, instrument),
        optional_price(found.price, instrument),
        optional_price(found.previous_price, instrument),
        optional_price(found.trigger_price, instrument),
        optional_price(found.previous_trigger_price, instrument),
        found.client_order_id,
        found.previous_client_order_id,
    )


def prevented_match(found: PreventedMatch, instrument: Instrument) -> told.PreventedMatch:
    """A match that self-trade prevention has kept from trading."""
    return told.PreventedMatch(
        found.prevented_match_id,
        found.symbol,
        found.taker_order_id,
        found.maker_order_id,
        SELF_TRADE_PREVENTIONS[found.self_trade_prevention],
        price(found.price, instrument),
        quantity(found.taker_quantity, instrument),
        quantity(found.maker_quantity, instrument),
        found.sequence,
        Time(found.timestamp),
    )
