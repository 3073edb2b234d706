"""The public JSON to commands, and states to the public JSON: pure functions."""

from collections.abc import Iterable

from msgspec import UNSET, Raw, structs

from gateway.access.caller import ANYONE, Caller
from gateway.native.enum_words import (
    ORDER_TYPE_WORDS,
    ORDER_TYPES,
    REASON_WORDS,
    SIDE_WORDS,
    SIDES,
    STATUS_WORDS,
    TERM_WORDS,
    word,
)
from gateway.native.json.decimals import PRICE, QUANTITY, TRIGGER_PRICE, is_given, optional_number
from gateway.native.json.field_types import Level
from gateway.native.json.market_schemas import (
    BestLevels,
    BestPrices,
    DepthUpdate,
    DepthView,
    InstrumentView,
    MarketTrade,
)
from gateway.native.json.names import check_name, not_a_word
from gateway.native.json.order_terms import asked_terms, read_terms, terms_view
from gateway.native.json.schemas import AmendmentView, Fill, Order, OrderRequest, OrderTrade, PreventedMatchView
from gateway.native.json.times import format_timestamp
from gateway.native.problems import ProblemError
from protocol.averages import average_price
from protocol.commands import NO_TERMS, PlaceOrder
from protocol.events import Amendment, Depth, OrderState, PreventedMatch, Trade
from protocol.instrument import Instrument, format_decimal, format_fee
from protocol.market_data import DepthMessage, TradeMessage
from protocol.order_types import check_fields
from protocol.refusals import refusal_code
from protocol.units import SelfTradePrevention, Side


def place_order(request: OrderRequest, instrument: Instrument, deadline: int, caller: Caller = ANYONE) -> PlaceOrder:
    """The command for a new order. ProblemError for the first fault of a field.

    A field that the type lacks or does not take is told before one whose value is bad.
    """
    order_type = ORDER_TYPES.get(request.order_type)
    if order_type is None:
        raise not_a_word("order_type", ORDER_TYPES)
    side = SIDES.get(request.side)
    if side is None:
        raise not_a_word("side", SIDES)
    account = request.account
    client_order_id = request.client_order_id
    if account is not None:
        check_name("account", account)
    if client_order_id is not None:
        check_name("client_order_id", client_order_id)
    try:
        price = optional_number(request.price, PRICE, instrument.price_decimals)
        trigger_price = optional_number(request.trigger_price, TRIGGER_PRICE, instrument.price_decimals)
        quantity = optional_number(request.quantity, QUANTITY, instrument.quantity_decimals)
        terms = read_terms(request, instrument)
    except ProblemError as error:
        # A field that is not taken is told before its bad value.
        asked = _asked(request.price), _asked(request.trigger_price), asked_terms(request)
        refusal = check_fields(order_type, *asked)
        if refusal is None:
            raise
        raise ProblemError(refusal_code(refusal)) from error
    refusal = check_fields(order_type, price, trigger_price, terms)
    if refusal is not None:
        raise ProblemError(refusal_code(refusal))
    if quantity is None:
        if terms.quote_quantity is None:
            raise ProblemError("quantity_required")
        quantity = 0
    elif terms.quote_quantity is not None:
        raise ProblemError("quantity_not_allowed")
    return PlaceOrder(
        instrument.symbol,
        caller.account(account),
        side,
        order_type,
        quantity,
        price,
        trigger_price,
        client_order_id,
        deadline,
        None if terms is NO_TERMS else terms,
        request.open_only_client_order_id is True,
    )


def _asked(raw: Raw) -> int | None:
    """Any number where the request gives one, good or bad."""
    return 1 if is_given(raw) else None


def order(state: OrderState, instrument: Instrument) -> Order:
    """The order as it stands."""
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    timestamp = format_timestamp(state.timestamp)
    since = state.working_since
    view = Order(
        str(state.order_id),
        state.client_order_id,
        state.account,
        state.symbol,
        SIDE_WORDS[state.side],
        ORDER_TYPE_WORDS[state.order_type],
        None if state.price is None else format_decimal(state.price, price_decimals),
        None if state.trigger_price is None else format_decimal(state.trigger_price, price_decimals),
        STATUS_WORDS[state.status],
        state.resting,
        format_decimal(state.quantity, quantity_decimals),
        format_decimal(state.filled_quantity, quantity_decimals),
        format_decimal(state.remaining_quantity, quantity_decimals),
        format_decimal(state.prevented_quantity, quantity_decimals) if state.prevented_quantity else "0",
        average_price(state.filled_value, state.filled_quantity, price_decimals),
        [order_trade(trade, instrument) for trade in state.trades] if state.trades else [],
        None if state.reason is None else REASON_WORDS[state.reason],
        state.reserved,
        state.sequence,
        timestamp,
        state.updated_sequence,
        format_timestamp(state.updated),
        timestamp if since == state.timestamp else None if since is None else format_timestamp(since),
        True if state.duplicate else UNSET,
    )
    if state.terms is not None or state.oco_id is not None or state.list_client_order_id is not None:
        view = structs.replace(view, **terms_view(state, instrument))
    if state.previous_client_order_id is not None:
        view = structs.replace(view, previous_client_order_id=state.previous_client_order_id)
    if state.prevented_match_id:
        view = structs.replace(view, prevented_match_id=str(state.prevented_match_id))
    return view


def amendment(found: Amendment, instrument: Instrument) -> AmendmentView:
    """What an amend has changed."""
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals

    def price(value: int | None) -> str | None:
        return None if value is None else format_decimal(value, price_decimals)

    return AmendmentView(
        found.sequence,
        format_timestamp(found.timestamp),
        format_decimal(found.quantity, quantity_decimals),
        format_decimal(found.previous_quantity, quantity_decimals),
        price(found.price),
        price(found.previous_price),
        price(found.trigger_price),
        price(found.previous_trigger_price),
        found.client_order_id,
        found.previous_client_order_id,
    )


def prevented_match(found: PreventedMatch, instrument: Instrument) -> PreventedMatchView:
    """A match that self-trade prevention has kept from trading."""
    return PreventedMatchView(
        str(found.prevented_match_id),
        found.symbol,
        str(found.taker_order_id),
        str(found.maker_order_id),
        TERM_WORDS[SelfTradePrevention][found.self_trade_prevention],
        format_decimal(found.price, instrument.price_decimals),
        format_decimal(found.taker_quantity, instrument.quantity_decimals),
        format_decimal(found.maker_quantity, instrument.quantity_decimals),
        found.sequence,
        format_timestamp(found.timestamp),
    )


def order_trade(trade: Trade, instrument: Instrument) -> OrderTrade:
    """A fill, as in the answer of an order."""
    return OrderTrade(
        str(trade.trade_id),
        format_decimal(trade.price, instrument.price_decimals),
        format_decimal(trade.quantity, instrument.quantity_decimals),
        SIDE_WORDS[trade.aggressor_side],
        str(trade.maker_order_id),
        str(trade.taker_order_id),
        *_fees(trade, instrument),
    )


def fill(trade: Trade, instrument: Instrument, *, maker: bool) -> Fill:
    """One side of the trade, the maker's or the taker's, as in the fills of its account."""
    side = trade.aggressor_side
    if maker:
        side = Side.BUY if side is Side.SELL else Side.SELL
    return Fill(
        format_timestamp(trade.timestamp),
        trade.sequence,
        trade.symbol,
        str(trade.trade_id),
        str(trade.maker_order_id if maker else trade.taker_order_id),
        SIDE_WORDS[side],
        format_decimal(trade.price, instrument.price_decimals),
        format_decimal(trade.quantity, instrument.quantity_decimals),
        format_fee(instrument, trade.price, trade.quantity, trade.maker_fee_bps if maker else trade.taker_fee_bps),
        "maker" if maker else "taker",
    )


def _fees(trade: Trade, instrument: Instrument) -> tuple[str, str]:
    price, quantity = trade.price, trade.quantity
    return format_fee(instrument, price, quantity, trade.maker_fee_bps), format_fee(
        instrument, price, quantity, trade.taker_fee_bps
    )


def market_trade(trade: Trade, instrument: Instrument) -> MarketTrade:
    """A trade of the history."""
    return _market_trade(trade, SIDE_WORDS[trade.aggressor_side], instrument, *_fees(trade, instrument))


def published_trade(message: TradeMessage, instrument: Instrument, fee_decimals: int) -> MarketTrade:
    """A trade as the matcher published it, with the fee_decimals of the instrument message before it."""
    maker_fee = format_decimal(message.maker_fee, fee_decimals)
    return _market_trade(
        message, message.aggressor_side, instrument, maker_fee, format_decimal(message.taker_fee, fee_decimals)
    )


def _market_trade(
    trade: Trade | TradeMessage, side: str, instrument: Instrument, maker_fee: str, taker_fee: str
) -> MarketTrade:
    return MarketTrade(
        format_timestamp(trade.timestamp),
        trade.symbol,
        trade.sequence,
        str(trade.trade_id),
        format_decimal(trade.price, instrument.price_decimals),
        format_decimal(trade.quantity, instrument.quantity_decimals),
        side,
        str(trade.maker_order_id),
        str(trade.taker_order_id),
        maker_fee,
        taker_fee,
    )


def depth_view(depth: Depth, sequence: int, timestamp: int, instrument: Instrument) -> DepthView:
    bids, asks = levels(depth.bids, instrument), levels(depth.asks, instrument)
    return DepthView(format_timestamp(timestamp), depth.symbol, sequence, bids, asks)


def best_prices(depth: Depth, sequence: int, timestamp: int, instrument: Instrument) -> BestPrices:
    bids, asks = levels(depth.bids, instrument), levels(depth.asks, instrument)
    return BestPrices(format_timestamp(timestamp), depth.symbol, sequence, _first(bids), _first(asks))


def depth_update(depth: Depth | DepthMessage, sequence: int, timestamp: int, instrument: Instrument) -> DepthUpdate:
    """A message of the market data stream."""
    bids, asks = levels(depth.bids, instrument), levels(depth.asks, instrument)
    best = BestLevels(_first(bids), _first(asks))
    return DepthUpdate(format_timestamp(timestamp), depth.symbol, sequence, bids, asks, best)


def levels(pairs: Iterable[tuple[int, int]], instrument: Instrument) -> list[Level]:
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    return [
        (format_decimal(price, price_decimals), format_decimal(quantity, quantity_decimals))
        for price, quantity in pairs
    ]


def _first(side: list[Level]) -> Level | None:
    return side[0] if side else None


def instrument_view(instrument: Instrument) -> InstrumentView:
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    return InstrumentView(
        instrument.symbol,
        instrument.base,
        instrument.quote,
        format_decimal(instrument.tick_size, price_decimals),
        format_decimal(instrument.lot_size, quantity_decimals),
        format_decimal(instrument.min_quantity, quantity_decimals),
        format_decimal(instrument.max_quantity, quantity_decimals),
        format_decimal(instrument.max_price, price_decimals),
        format_decimal(instrument.min_notional, instrument.value_decimals),
        instrument.maker_fee_bps,
        instrument.taker_fee_bps,
        word(instrument.status),
        instrument.price_band_bps or None,
        _number_or_off(instrument.reference_price, price_decimals),
        instrument.max_open_orders or None,
        _number_or_off(instrument.max_order_notional, instrument.value_decimals),
        instrument.halt_bps or None,
        instrument.halt_window_ms or None,
        instrument.halt_ms or None,
        format_timestamp(instrument.halted_until) if instrument.halted_until else None,
    )


def _number_or_off(value: int, decimals: int) -> str | None:
    return format_decimal(value, decimals) if value else None
