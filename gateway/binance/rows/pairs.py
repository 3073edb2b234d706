"""A new OCO as it was sent, in either form, and the command that places it."""

from typing import Final

from msgspec import Struct

from gateway.binance.desk import Context
from gateway.binance.errors import (
    BAD_OCO_TYPE,
    BAD_TIME_IN_FORCE,
    LIMIT_ABOVE_TO_BUY,
    LIMIT_BELOW_TO_SELL,
    NOT_REQUIRED,
    STOP_ABOVE_TO_SELL,
    STOP_BELOW_TO_BUY,
    TWO_LIMITS,
    UNSUPPORTED_COMBINATION,
    DialectError,
)
from gateway.binance.numbers import new_client_id
from gateway.binance.parameters import DECIMAL, INTEGER, Parameter, Values
from gateway.binance.rows.placing import (
    PREVENTION_MODE,
    PROFITS,
    RESPONSE_TYPE,
    RULES,
    SIDE,
    SYMBOL_OF_ORDER,
    check_client_id,
    check_iceberg,
    check_max_notional,
    check_numbers,
    check_strategy,
    prevention,
    price_of,
    quantity_of,
)
from gateway.binance.tags import Kept, tag_of
from gateway.binance.words import (
    LIMIT_MAKER,
    SIDE_OF,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TIME_IN_FORCE_OF,
)
from protocol.commands import PlaceOco
from protocol.units import TimeInForce

TYPES: Final = (LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT)


class Leg(Struct, frozen=True):
    """One leg: its type, and the names of its parameters."""

    type: str
    price: str
    stop_price: str
    client_id: str
    time_in_force: str
    iceberg: str
    delta: str
    strategy: str
    strategy_type: str

    @property
    def stops(self) -> bool:
        return self.type in (STOP_LOSS, STOP_LOSS_LIMIT)


def _prefixed(prefix: str, order_type: str) -> Leg:
    names = ("Price", "StopPrice", "ClientOrderId", "TimeInForce", "IcebergQty", "TrailingDelta")
    return Leg(order_type, *(prefix + name for name in (*names, "StrategyId", "StrategyType")))


class Legs(Struct, frozen=True):
    above: Leg
    below: Leg

    @property
    def stop(self) -> Leg:
        return self.above if self.above.stops else self.below

    @property
    def limit(self) -> Leg:
        """The limit or the take-profit."""
        return self.below if self.above.stops else self.above


def legs_of(values: Values) -> Legs:
    """Those of the form with an upper and a lower leg."""
    above, below = values.text("aboveType") or "", values.text("belowType") or ""
    return Legs(_prefixed("above", above), _prefixed("below", below))


def old_legs_of(values: Values) -> Legs:
    """Those of the form with a limit and a stop."""
    stop_type = STOP_LOSS_LIMIT if "stopLimitPrice" in values else STOP_LOSS
    limit = Leg(
        LIMIT_MAKER,
        "price",
        "",
        "limitClientOrderId",
        "",
        "limitIcebergQty",
        "",
        "limitStrategyId",
        "limitStrategyType",
    )
    stop = Leg(
        stop_type,
        "stopLimitPrice",
        "stopPrice",
        "stopClientOrderId",
        "stopLimitTimeInForce",
        "stopIcebergQty",
        "trailingDelta",
        "stopStrategyId",
        "stopStrategyType",
    )
    return Legs(limit, stop) if values.text("side") == "SELL" else Legs(stop, limit)


def check_pair(values: Values) -> None:
    _check_legs(values, legs_of(values))


def check_old_pair(values: Values) -> None:
    _check_legs(values, old_legs_of(values))


def _check_legs(values: Values, legs: Legs) -> None:
    """DialectError for legs that make no OCO, or lack what their types need."""
    _check_types(legs, buys=values.text("side") == "BUY")
    check_numbers(values, ("quantity",), ())
    for leg in (legs.above, legs.below):
        _check_leg(values, leg)
    check_client_id(values, "listClientOrderId")


def _check_types(legs: Legs, *, buys: bool) -> None:
    above, below = legs.above, legs.below
    if above.type == below.type == LIMIT_MAKER:
        raise DialectError(TWO_LIMITS)
    if above.stops is below.stops:
        raise DialectError(BAD_OCO_TYPE)
    if buys is above.stops:
        return
    if legs.limit.type == LIMIT_MAKER:
        raise DialectError(LIMIT_ABOVE_TO_BUY if buys else LIMIT_BELOW_TO_SELL)
    raise DialectError(STOP_BELOW_TO_BUY if buys else STOP_ABOVE_TO_SELL)


def _check_leg(values: Values, leg: Leg) -> None:
    names = {
        "price": leg.price,
        "stopPrice": leg.stop_price,
        "timeInForce": leg.time_in_force,
        "icebergQty": leg.iceberg,
        "trailingDelta": leg.delta,
    }
    rule = RULES[leg.type]
    values.require(*(names[name] for name in rule.needs if name in names))
    if names["trailingDelta"] in values:
        raise DialectError(UNSUPPORTED_COMBINATION)
    if "stopPrice" in rule.takes:
        values.require(leg.stop_price)
    for name, sent in names.items():
        if sent in values and name not in rule.needs and name not in rule.takes:
            raise DialectError(NOT_REQUIRED, sent)
    check_numbers(values, (leg.iceberg,), (leg.price, leg.stop_price))
    check_client_id(values, leg.client_id)
    check_strategy(values, leg.strategy_type)
    check_iceberg(values.text(leg.iceberg), values.text("quantity"), values.text(leg.time_in_force))


def place_oco(context: Context, values: Values, legs: Legs) -> PlaceOco:
    """The command. DialectError for a number that the instrument's decimals cannot write."""
    instrument, limit, stop = values.instrument(), legs.limit, legs.stop
    quantity = quantity_of(values, "quantity", instrument) or 0
    price, stop_price = price_of(values, limit.price, instrument), price_of(values, stop.price, instrument)
    for each in (price, stop_price):
        check_max_notional(instrument, quantity, each)
    return PlaceOco(
        instrument.symbol,
        context.account,
        SIDE_OF[values.text("side") or ""],
        quantity,
        price,
        price_of(values, stop.stop_price, instrument) or 0,
        stop_price,
        values.text(limit.client_id) or new_client_id(),
        context.exchange.orders.deadline(),
        prevention(context, values),
        open_only_client_order_id=True,
        cancel_on_first_fill=True,
        post_only=limit.type == LIMIT_MAKER,
        take_profit_trigger_price=price_of(values, limit.stop_price, instrument) if limit.type in PROFITS else None,
        stop_client_order_id=values.text(stop.client_id) or new_client_id(),
        list_client_order_id=values.text("listClientOrderId") or new_client_id(),
        display_quantity=quantity_of(values, limit.iceberg, instrument),
        time_in_force=_time_in_force(values, limit),
        tag=_tag(values, limit),
        stop_display_quantity=quantity_of(values, stop.iceberg, instrument),
        stop_time_in_force=_time_in_force(values, stop),
        stop_tag=_tag(values, stop),
    )


def _time_in_force(values: Values, leg: Leg) -> TimeInForce:
    return TIME_IN_FORCE_OF[values.text(leg.time_in_force) or "GTC"]


def _tag(values: Values, leg: Leg) -> str | None:
    return tag_of(Kept(values.number(leg.strategy), values.number(leg.strategy_type)))


def _leg_parameters(leg: Leg) -> tuple[Parameter, ...]:
    return (
        Parameter(leg.client_id),
        Parameter(leg.price, DECIMAL),
        *((Parameter(leg.stop_price, DECIMAL),) if leg.stop_price else ()),
        *((Parameter(leg.delta, INTEGER),) if leg.delta else ()),
        *(
            (Parameter(leg.time_in_force, words=tuple(TIME_IN_FORCE_OF), fault=BAD_TIME_IN_FORCE),)
            if leg.time_in_force
            else ()
        ),
        Parameter(leg.iceberg, DECIMAL),
        Parameter(leg.strategy, INTEGER),
        Parameter(leg.strategy_type, INTEGER),
    )


_OF_BOTH: Final = (
    SYMBOL_OF_ORDER,
    SIDE,
    Parameter("quantity", DECIMAL, mandatory=True),
    Parameter("listClientOrderId"),
    RESPONSE_TYPE,
    PREVENTION_MODE,
)

PAIR: Final = (
    *_OF_BOTH,
    *(Parameter(name, mandatory=True, words=TYPES, fault=BAD_OCO_TYPE) for name in ("aboveType", "belowType")),
    *_leg_parameters(_prefixed("above", "")),
    *_leg_parameters(_prefixed("below", "")),
)

_OLD: Final = old_legs_of(Values({}))

OLD_PAIR: Final = (*_OF_BOTH, *_leg_parameters(_OLD.limit), *_leg_parameters(_OLD.stop))
