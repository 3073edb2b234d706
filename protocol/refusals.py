"""What a refusal of the matcher reads as: a stable code, a status of HTTP, a sentence and the field at fault."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from protocol.instrument import Instrument, format_decimal
from protocol.order_types import ORDER_TYPES, STEPPED_TERMS, TERMS, Term, Unit
from protocol.units import NAME_LENGTH, TAG_LENGTH, Refusal

LIMIT_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{
            name: f"the instrument's {name}"
            for name in (
                "tick_size",
                "lot_size",
                "min_quantity",
                "max_quantity",
                "max_price",
                "min_notional",
                "max_order_notional",
            )
        },
        "quantity": "the order's quantity",
    }
)
"""The limits that a detail may name. These words stand there while their numbers are not known."""


class Kind(Struct, frozen=True):
    """All problems of one code share this.

    field: the one at fault, if the code alone tells it.
    detail: {field} stands for the field at fault, and the name of a limit for its number.
    """

    status: int
    title: str
    detail: str
    field: str = ""


def refusal_code(refusal: Refusal) -> str:
    return refusal.name.lower()


def _title(name: str, rest: str) -> str:
    return f"{name.replace('_', ' ').capitalize()} {rest}"


def _not_allowed(term: Term) -> Kind:
    types = [row.order_type.name.lower() for row in ORDER_TYPES.values() if row.takes(term.name)]
    listed = " and ".join(filter(None, (", ".join(types[:-1]), types[-1])))
    instead = f", in place of {' and '.join(term.instead_of)}" if term.instead_of else ""
    return Kind(422, _title(term.name, "not allowed"), f"Only {listed} orders take {term.name}{instead}.", term.name)


def _off_step(term: Term) -> Kind:
    step, limit = ("tick", "tick_size") if term.unit is Unit.PRICE else ("lot", "lot_size")
    return Kind(422, _title(term.name, f"off the {step}"), f"{{field}} takes a multiple of {{{limit}}}.", term.name)


def _too_large(term: Term) -> Kind:
    return Kind(422, _title(term.name, "too large"), f"{{field}} takes at most {{{term.most}}}.", term.name)


_NOT_ALLOWED: Final = {
    refusal_code(term.not_allowed): _not_allowed(term)
    for term in TERMS.values()
    if not all(row.takes(term.name) for row in ORDER_TYPES.values())
}

_OUT_OF_BOUNDS: Final = {
    refusal_code(refusal): kind
    for term in STEPPED_TERMS
    for refusal, kind in ((term.off_step, _off_step(term)), (term.too_large, _too_large(term)))
}

REFUSALS: Final[dict[str, Kind]] = {
    "invalid_name": Kind(422, "Invalid name", f"{{field}} takes 1 to {NAME_LENGTH} of letters, digits and . _ : -."),
    "unknown_symbol": Kind(404, "Unknown symbol", "No such instrument; GET /instruments lists them.", "symbol"),
    "client_order_id_conflict": Kind(
        409, "client_order_id in use", "The account has used this client_order_id for another order.", "client_order_id"
    ),
    "client_order_id_in_use": Kind(
        409, "client_order_id in use", "A live order of the account bears this client_order_id.", "client_order_id"
    ),
    "cancel_restricted": Kind(409, "Cancel restricted", "The order is not of the status that only_status names."),
    "too_late": Kind(409, "Too late", "The matcher took the order later than GATEWAY_DEADLINE."),
    "account_suspended": Kind(409, "Account suspended", "The account may send no orders."),
    "price_required": Kind(422, "Price required", "This order_type needs a price.", "price"),
    "price_not_allowed": Kind(422, "Price not allowed", "This order takes no price.", "price"),
    "trigger_price_required": Kind(
        422, "Trigger price required", "This order_type needs a trigger_price.", "trigger_price"
    ),
    "trigger_price_not_allowed": Kind(
        422, "Trigger price not allowed", "This order takes no trigger_price.", "trigger_price"
    ),
    "quantity_off_lot": Kind(422, "Quantity off the lot", "{field} takes a multiple of {lot_size}.", "quantity"),
    "quantity_too_small": Kind(422, "Quantity too small", "{field} takes at least {min_quantity}.", "quantity"),
    "quantity_too_large": Kind(422, "Quantity too large", "{field} takes at most {max_quantity}.", "quantity"),
    "price_off_tick": Kind(422, "Price off the tick", "{field} takes a multiple of {tick_size}.", "price"),
    "price_too_large": Kind(422, "Price too large", "{field} takes at most {max_price}.", "price"),
    "trigger_price_off_tick": Kind(
        422, "Trigger price off the tick", "{field} takes a multiple of {tick_size}.", "trigger_price"
    ),
    "trigger_price_too_large": Kind(
        422, "Trigger price too large", "{field} takes at most {max_price}.", "trigger_price"
    ),
    "below_min_notional": Kind(
        422, "Below the least value", "price x quantity takes at least {min_notional}.", "quantity"
    ),
    "unknown_order": Kind(404, "Unknown order", "No such order, or it is another account's."),
    "order_not_open": Kind(409, "Order not open", "The order is done."),
    "instrument_cancel_only": Kind(409, "Instrument takes cancels only", "The instrument takes cancels only."),
    "instrument_halted": Kind(409, "Instrument halted", "The instrument is halted."),
    "quantity_below_filled": Kind(
        409, "Quantity below what is filled", "{field} takes more than the filled and prevented quantity.", "quantity"
    ),
    "invalid_instrument": Kind(422, "Invalid instrument", "The instrument's fields break a rule."),
    "instrument_fixed": Kind(409, "Fixed for a known instrument", "The field of a known instrument never changes."),
    "too_many_instruments": Kind(409, "Too many instruments", "The exchange holds no more instruments."),
    "no_saved_book": Kind(409, "No saved book", "No book of this symbol was saved."),
    "invalid_saved_book": Kind(409, "Invalid saved book", "The saved book cannot be loaded; nothing was changed."),
    "saved_book_too_large": Kind(
        409, "Saved book too large", "The saved book is too large to load; nothing was changed."
    ),
    "save_failed": Kind(500, "Save failed", "The book could not be written to its file."),
    "command_refused": Kind(500, "Command refused", "This command made the matcher fail before; it was not executed."),
    **_NOT_ALLOWED,
    "trailing_required": Kind(
        422, "Trail required", "A trailing stop needs trailing_bps or a trailing_amount.", "trailing_bps"
    ),
    "quantity_required": Kind(
        422,
        "Quantity required",
        "The order needs a quantity; a market order may have a quote_quantity instead.",
        "quantity",
    ),
    "quantity_not_allowed": Kind(
        422, "Quantity not allowed", "An order takes a quantity or a quote_quantity, not both.", "quantity"
    ),
    **_OUT_OF_BOUNDS,
    "invalid_tag": Kind(422, "Invalid tag", f"{{field}} takes 1 to {TAG_LENGTH} characters of visible ASCII.", "tag"),
    "would_trigger_immediately": Kind(
        409, "Would trigger at once", "The last trade already meets this trigger_price.", "trigger_price"
    ),
    "client_order_id_required": Kind(
        422,
        "client_order_id required",
        "A stop_client_order_id takes a client_order_id beside it.",
        "client_order_id",
    ),
    "list_client_order_id_in_use": Kind(
        409,
        "list_client_order_id in use",
        "An open OCO of the account has this list_client_order_id.",
        "list_client_order_id",
    ),
    "expire_time_past": Kind(422, "Expired already", "expire_time takes a time in the future.", "expire_time"),
    "post_only_would_cross": Kind(
        409, "Would take", "With this price the post_only order would trade at once.", "price"
    ),
    "price_outside_band": Kind(
        409, "Price outside the band", "The price is farther from the last trade than price_band_bps allows.", "price"
    ),
    "notional_too_large": Kind(
        409, "Value too large", "price x quantity takes at most {max_order_notional}.", "quantity"
    ),
    "no_last_trade": Kind(
        422,
        "No last trade",
        "price and {field} must lie around the last trade, but the instrument has no trade yet.",
        "stop_trigger_price",
    ),
    "price_on_wrong_side": Kind(
        422,
        "Price on the wrong side",
        "{field} takes a price above the last trade's for a sell, below it for a buy.",
        "price",
    ),
    "trigger_price_on_wrong_side": Kind(
        422,
        "Trigger price on the wrong side",
        "{field} takes a price below the last trade's for a sell, above it for a buy.",
        "stop_trigger_price",
    ),
    "display_quantity_too_small": Kind(
        422,
        "Display quantity too small",
        "display_quantity takes at least a thousandth of the quantity.",
        "display_quantity",
    ),
    "too_many_accounts": Kind(409, "Too many accounts", "The exchange takes no more accounts.", "account"),
    "unknown_key": Kind(404, "Unknown key", "No such key."),
    "key_conflict": Kind(409, "Key changed meanwhile", "The key was changed by another call; nothing was changed."),
    "too_many_keys": Kind(409, "Too many keys", "The exchange takes no more keys."),
    "invalid_key": Kind(422, "Invalid key", "The key's fields break a rule."),
    "too_many_timers": Kind(409, "Too many timers", "No more accounts can have a cancel-after.", "account"),
    "insufficient_balance": Kind(
        409, "Insufficient balance", "It takes more than the account has free. Nothing was changed."
    ),
    "transfer_id_conflict": Kind(
        409,
        "transfer_id in use",
        "The account has used this transfer_id for another command, or with other values.",
        "transfer_id",
    ),
    "open_orders": Kind(
        409,
        "Open orders",
        "Live orders of the account stand against it. Cancel them first.",
        "account",
    ),
    "unknown_asset": Kind(
        422,
        "Unknown asset",
        "{field} takes the base or the quote of an instrument; GET /instruments lists them.",
        "asset",
    ),
    "no_ledger": Kind(
        409,
        "No ledger",
        "The account has no ledger: the first deposit begins one. Until then it is unlimited.",
        "account",
    ),
    "invalid_amount": Kind(
        422, "Invalid amount", "{field} takes a positive number with at most the decimals of the asset.", "amount"
    ),
    "wrong_shard": Kind(
        503,
        "Wrong shard",
        "The maps of shards of the gateway and the matcher differ for this symbol. Nothing was executed.",
        "symbol",
    ),
    "same_account": Kind(422, "The same account", "{field} takes another account than the sender's.", "to"),
}
"""By code: one for each Refusal."""


def limits_of(instrument: Instrument) -> dict[str, str]:
    """The instrument's limits as decimals, by their names in LIMIT_NAMES."""
    prices = {"tick_size": instrument.tick_size, "max_price": instrument.max_price}
    quantities = {
        "lot_size": instrument.lot_size,
        "min_quantity": instrument.min_quantity,
        "max_quantity": instrument.max_quantity,
    }
    return {
        **{name: format_decimal(price, instrument.price_decimals) for name, price in prices.items()},
        **{name: format_decimal(quantity, instrument.quantity_decimals) for name, quantity in quantities.items()},
        "min_notional": format_decimal(instrument.min_notional, instrument.value_decimals),
        "max_order_notional": format_decimal(instrument.max_order_notional, instrument.value_decimals),
    }
