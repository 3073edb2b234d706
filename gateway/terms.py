"""What an order may ask for beyond its type, price and quantity: from the request to the command, and from the order to the answer."""

from typing import Any

from gateway.times import format_exact_time
from gateway.words import SELF_TRADE_PREVENTION_WORDS
from protocol.events import OrderState
from protocol.instrument import Instrument, format_decimal
from protocol.units import SelfTradePrevention


def terms_view(state: OrderState, instrument: Instrument) -> dict[str, Any]:
    """The fields of an Order that only an order with terms, or of an OCO, has."""
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    view: dict[str, Any] = {}
    if state.oco_id is not None:
        view["oco_id"] = str(state.oco_id)
    terms = state.terms
    if terms is None:
        return view
    if terms.post_only:
        view["post_only"] = True
    if terms.self_trade_prevention is not SelfTradePrevention.NONE:
        view["self_trade_prevention"] = SELF_TRADE_PREVENTION_WORDS[terms.self_trade_prevention]
    if terms.expire_time:
        view["expire_time"] = format_exact_time(terms.expire_time)
    if terms.display_quantity is not None:
        view["display_quantity"] = format_decimal(terms.display_quantity, quantity_decimals)
    if terms.quote_quantity is not None:
        view["quote_quantity"] = format_decimal(terms.quote_quantity, instrument.value_decimals)
    if state.unspent is not None:
        view["unspent_quote_quantity"] = format_decimal(state.unspent, instrument.value_decimals)
    if terms.trailing_bps is not None:
        view["trailing_bps"] = terms.trailing_bps
    if terms.trailing_amount is not None:
        view["trailing_amount"] = format_decimal(terms.trailing_amount, price_decimals)
    if terms.activation_price is not None:
        view["activation_price"] = format_decimal(terms.activation_price, price_decimals)
    return view
