"""A new order as it was sent: which parameters its type takes, and the command that places it."""

from decimal import Decimal
from typing import Final

from gateway.binance.desk import Context
from gateway.binance.errors import (
    BAD_ORDER_TYPE,
    BAD_PRICE,
    BAD_QUANTITY,
    BAD_SIDE,
    BAD_STRATEGY_TYPE,
    BAD_TIME_IN_FORCE,
    ICEBERG_TOO_LARGE,
    ILLEGAL,
    MODE_NOT_ALLOWED,
    NOT_REQUIRED,
    UNSUPPORTED_COMBINATION,
    DialectError,
)
from gateway.binance.numbers import is_zero, new_client_id, units
from gateway.binance.parameters import BOOLEAN, DECIMAL, INTEGER, SYMBOL, Parameter, Values
from gateway.binance.refusals import LOT_SIZE, NOTIONAL, PRICE_FILTER, TRAILING_DELTA
from gateway.binance.tags import Kept, tag_of
from gateway.binance.views.filters import MAX_TRAILING_DELTA, max_notional
from gateway.binance.views.orders import ACK, FULL, RESPONSES
from gateway.binance.words import (
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    PREVENTION_OF,
    SIDE_OF,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TIME_IN_FORCE_OF,
)
from protocol.commands import NO_TERMS, OrderTerms, PlaceOrder
from protocol.instrument import Instrument
from protocol.units import MAX_PRICE, MAX_QUANTITY, NAME_PATTERN, OrderType, SelfTradePrevention, TimeInForce

CLIENT_ID_RANGE: Final = "^[a-zA-Z0-9-_.:]{1,36}$"
MOST_OF_CLIENT_ID: Final = 36

LEAST_STRATEGY_TYPE: Final = 1_000_000

CONDITIONS: Final = frozenset({STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT})
PROFITS: Final = frozenset({TAKE_PROFIT, TAKE_PROFIT_LIMIT})
IMMEDIATE: Final = frozenset({MARKET, LIMIT})
"""Types whose answer is FULL unless another one is asked for."""

SYMBOL_OF_ORDER: Final = Parameter("symbol", SYMBOL, mandatory=True)
SIDE: Final = Parameter("side", mandatory=True, words=tuple(SIDE_OF), fault=BAD_SIDE)
RESPONSE_TYPE: Final = Parameter("newOrderRespType", words=tuple(RESPONSES))
PREVENTION_MODE: Final = Parameter("selfTradePreventionMode", words=tuple(PREVENTION_OF), fault=MODE_NOT_ALLOWED)
NEW_CLIENT_ID: Final = Parameter("newClientOrderId")

PEGS: Final = ("pegPriceType", "pegOffsetValue", "pegOffsetType")
"""No order takes them."""

PEGGED: Final = tuple(map(Parameter, PEGS))

NEW_ORDER: Final = (
    SYMBOL_OF_ORDER,
    SIDE,
    Parameter(
        "type",
        mandatory=True,
        words=(LIMIT, LIMIT_MAKER, MARKET, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT),
        fault=BAD_ORDER_TYPE,
    ),
    Parameter("timeInForce", words=tuple(TIME_IN_FORCE_OF), fault=BAD_TIME_IN_FORCE),
    Parameter("quantity", DECIMAL),
    Parameter("quoteOrderQty", DECIMAL),
    Parameter("price", DECIMAL),
    NEW_CLIENT_ID,
    Parameter("stopPrice", DECIMAL),
    Parameter("trailingDelta", INTEGER),
    Parameter("icebergQty", DECIMAL),
    RESPONSE_TYPE,
    PREVENTION_MODE,
    Parameter("strategyId", INTEGER),
    Parameter("strategyType", INTEGER),
    *PEGGED,
)

COMPUTE_RATES: Final = Parameter("computeCommissionRates", BOOLEAN)


GOVERNED: Final = ("timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice", "trailingDelta", "icebergQty")


class Rule:
    """What an order type needs, what else it may have, and what of GOVERNED it refuses."""

    def __init__(self, needs: tuple[str, ...] = (), takes: tuple[str, ...] = ()) -> None:
        self.needs = needs
        self.takes = takes
        self.refuses = tuple(name for name in GOVERNED if name not in (*needs, *takes))


CONDITION: Final = ("stopPrice", "trailingDelta")

RULES: Final = {
    LIMIT: Rule(("timeInForce", "quantity", "price"), ("icebergQty",)),
    LIMIT_MAKER: Rule(("quantity", "price"), ("icebergQty",)),
    MARKET: Rule((), ("quantity", "quoteOrderQty")),
    STOP_LOSS: Rule(("quantity",), CONDITION),
    TAKE_PROFIT: Rule(("quantity",), CONDITION),
    STOP_LOSS_LIMIT: Rule(("timeInForce", "quantity", "price"), (*CONDITION, "icebergQty")),
    TAKE_PROFIT_LIMIT: Rule(("timeInForce", "quantity", "price"), (*CONDITION, "icebergQty")),
}

PLAIN_TYPES: Final = {TimeInForce.GTC: OrderType.LIMIT, TimeInForce.IOC: OrderType.IOC, TimeInForce.FOK: OrderType.FOK}
STOPS: Final = {
    STOP_LOSS: (OrderType.STOP_MARKET, OrderType.TRAILING_STOP),
    TAKE_PROFIT: (OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP),
    STOP_LOSS_LIMIT: (OrderType.STOP_LIMIT, OrderType.TRAILING_STOP_LIMIT),
    TAKE_PROFIT_LIMIT: (OrderType.TAKE_PROFIT_LIMIT, OrderType.TRAILING_STOP_LIMIT),
}
"""The native type at a stopPrice, and that with a trailingDelta."""


def check_new(values: Values) -> None:
    """DialectError for what the order's type lacks, or does not take."""
    order_type = values.text("type") or ""
    rule = RULES[order_type]
    values.require(*rule.needs)
    if order_type == MARKET:
        if "quoteOrderQty" not in values:
            values.require("quantity")
        elif "quantity" in values:
            raise DialectError(NOT_REQUIRED, "quoteOrderQty")
    if order_type in CONDITIONS:
        values.require_either(*CONDITION)
    values.refuse(*rule.refuses)
    check_numbers(values, ("quantity", "quoteOrderQty", "icebergQty"), ("price", "stopPrice"))
    check_pegs(values)
    check_strategy(values, "strategyType")
    check_client_id(values, "newClientOrderId")
    check_iceberg(values.text("icebergQty"), values.text("quantity"), values.text("timeInForce"))


def check_numbers(values: Values, quantities: tuple[str, ...], prices: tuple[str, ...]) -> None:
    """DialectError for a quantity or a price of zero."""
    for names, fault in ((quantities, BAD_QUANTITY), (prices, BAD_PRICE)):
        for name in names:
            text = values.text(name)
            if text is not None and is_zero(text):
                raise DialectError(fault)


def check_pegs(values: Values) -> None:
    values.refuse(*PEGS)


def check_strategy(values: Values, name: str) -> None:
    strategy_type = values.number(name)
    if strategy_type is not None and strategy_type < LEAST_STRATEGY_TYPE:
        raise DialectError(BAD_STRATEGY_TYPE)


def check_client_id(values: Values, name: str) -> None:
    """DialectError for an id that no order can bear. The venue also takes a slash; our names do not."""
    text = values.text(name)
    if text is not None and (len(text) > MOST_OF_CLIENT_ID or not NAME_PATTERN.fullmatch(text)):
        raise DialectError(ILLEGAL, name, CLIENT_ID_RANGE)


def check_iceberg(shown: str | None, quantity: str | None, time_in_force: str | None) -> None:
    if shown is None or quantity is None:
        return
    if Decimal(shown) > Decimal(quantity):
        raise DialectError(ICEBERG_TOO_LARGE)
    if time_in_force not in (None, "GTC"):
        raise DialectError(UNSUPPORTED_COMBINATION)


def price_of(values: Values, name: str, instrument: Instrument) -> int | None:
    """In the price unit."""
    text = values.text(name)
    return None if text is None else units(text, instrument.price_decimals, PRICE_FILTER, MAX_PRICE)


def quantity_of(values: Values, name: str, instrument: Instrument) -> int | None:
    """In the quantity unit."""
    text = values.text(name)
    return None if text is None else units(text, instrument.quantity_decimals, LOT_SIZE, MAX_QUANTITY)


def delta_of(values: Values, name: str) -> int | None:
    delta = values.number(name)
    if delta is not None and not 1 <= delta <= MAX_TRAILING_DELTA:
        raise DialectError(TRAILING_DELTA)
    return delta


def place_order(context: Context, values: Values) -> PlaceOrder:
    """The command. DialectError for a number that the instrument's decimals cannot write."""
    instrument, word = values.instrument(), values.text("type") or ""
    quantity = quantity_of(values, "quantity", instrument) or 0
    price, stop_price = price_of(values, "price", instrument), price_of(values, "stopPrice", instrument)
    quote_text, delta = values.text("quoteOrderQty"), delta_of(values, "trailingDelta")
    time_in_force = TIME_IN_FORCE_OF[values.text("timeInForce") or "GTC"]
    waits, trails = word in CONDITIONS, delta is not None
    order_type = OrderType.MARKET if word == MARKET else PLAIN_TYPES[time_in_force]
    if waits:
        order_type = STOPS[word][trails]
    kept = Kept(values.number("strategyId"), values.number("strategyType"), trails and word in PROFITS)
    terms = OrderTerms(
        post_only=word == LIMIT_MAKER,
        self_trade_prevention=prevention(context, values),
        display_quantity=quantity_of(values, "icebergQty", instrument),
        quote_quantity=None if quote_text is None else units(quote_text, instrument.value_decimals, LOT_SIZE),
        trailing_bps=delta,
        activation_price=stop_price if trails else None,
        reject_if_triggered=waits,
        time_in_force=time_in_force if waits else TimeInForce.GTC,
        tag=tag_of(kept),
    )
    check_max_notional(instrument, quantity, price)
    return PlaceOrder(
        instrument.symbol,
        context.account,
        SIDE_OF[values.text("side") or ""],
        order_type,
        quantity,
        price,
        None if trails else stop_price,
        values.text("newClientOrderId") or new_client_id(),
        context.exchange.orders.deadline(),
        None if terms == NO_TERMS else terms,
        open_only_client_order_id=True,
    )


def prevention(context: Context, values: Values) -> SelfTradePrevention:
    word = values.text("selfTradePreventionMode")
    return context.desk.prevention if word is None else PREVENTION_OF[word]


def check_max_notional(instrument: Instrument, quantity: int, price: int | None) -> None:
    """DialectError above maxNotional, where no other filter fails."""
    if price is None or price * quantity <= max_notional(instrument):
        return
    fits = (
        quantity <= instrument.max_quantity
        and price <= instrument.max_price
        and not (quantity % instrument.lot_size or price % instrument.tick_size)
    )
    if fits:
        raise DialectError(NOTIONAL)


def response_type(values: Values) -> str:
    """Which answer is asked for."""
    return values.text("newOrderRespType") or (FULL if values.text("type") in IMMEDIATE else ACK)
