"""The HTTP calls of the native dialect: one table. Its router and its OpenAPI document are both made from it."""

from typing import Final

from gateway.access.needs import ADMIN, PUBLIC, TRADE, USER_DATA
from gateway.native.calls import accounts, amends, batches, instruments, keys, maintenance, market, oco, orders
from gateway.native.calls.accounts import CURSOR_PATTERN, MAX_FILLS
from gateway.native.calls.keys import MAX_KEYS_LISTED
from gateway.native.calls.market import MAX_LEVELS, MAX_TRADES
from gateway.native.calls.orders import MAX_LISTED
from gateway.native.json import key_schemas, market_schemas, schemas
from gateway.native.operation import Operation, Parameter
from protocol.keys import KEY_PATTERN
from protocol.units import NAME_PATTERN, SYMBOL_PATTERN

_SYMBOL: Final = {"type": "string", "pattern": f"^{SYMBOL_PATTERN.pattern}$"}
_NAME: Final = {"type": "string", "pattern": f"^{NAME_PATTERN.pattern}$"}


SYMBOL: Final = Parameter("symbol", {**_SYMBOL, "examples": ["BTC-USDT"]}, "The instrument.", required=True)
SYMBOL_FILTER: Final = Parameter("symbol", _SYMBOL, "Only orders of this instrument.")
ACCOUNT_FILTER: Final = Parameter("account", _NAME, "Only orders of this account.")
ACCOUNT: Final = Parameter("account", _NAME, 'The account; "default" if it is missing.')
OWNER: Final = Parameter(
    "account", _NAME, 'The order\'s account; for client:<client_order_id> "default" if it is missing.'
)
ORDER_ID: Final = Parameter(
    "order_id",
    {"type": "string", "minLength": 1},
    "The order_id, or client:<client_order_id>.",
    required=True,
    place="path",
)


ACCOUNT_OF_PATH: Final = Parameter("account", _NAME, "The account.", required=True, place="path")
FILLS_OF_SYMBOL: Final = Parameter("symbol", _SYMBOL, "Only fills of this instrument.")


def _bounded(name: str, lowest: int, highest: int, default: int, description: str) -> Parameter:
    return Parameter(name, {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}, description)


_ORDER_EXAMPLE: Final = {
    "symbol": "BTC-USDT",
    "order_type": "limit",
    "side": "buy",
    "quantity": "0.5",
    "price": "60000",
}
_OCO_EXAMPLE: Final = {
    "symbol": "BTC-USDT",
    "side": "sell",
    "quantity": "0.5",
    "price": "66000",
    "stop_trigger_price": "58000",
    "stop_price": "57900",
    "client_order_id": "exit-1",
}
_BATCH_EXAMPLE: Final = {"orders": [_ORDER_EXAMPLE, {**_ORDER_EXAMPLE, "price": "59990", "post_only": True}]}
_KEY_EXAMPLE: Final = {"account": "alice", "label": "bot", "permissions": ["trade", "user_data"]}
KEY: Final = Parameter(
    "key", {"type": "string", "pattern": f"^{KEY_PATTERN.pattern}$"}, "The key.", required=True, place="path"
)
_INSTRUMENT_EXAMPLE: Final = {"symbol": "BTC-USDT", "status": "halted"}

OPERATIONS: Final = (
    Operation(
        TRADE,
        "post",
        "/orders",
        orders.place,
        "Place an order",
        schemas.Order,
        (403, 404, 409, 413, 422, 504),
        body=schemas.OrderRequest,
        example=_ORDER_EXAMPLE,
    ),
    Operation(
        USER_DATA,
        "get",
        "/orders",
        orders.list_orders,
        "List orders",
        schemas.OrderList,
        (404, 422),
        (
            SYMBOL_FILTER,
            ACCOUNT_FILTER,
            Parameter(
                "status",
                {"enum": ["open", "done"], "default": "open"},
                "Open and pending orders, oldest first, or done ones, newest first.",
            ),
            _bounded("limit", 1, MAX_LISTED, 100, "Orders in the answer at most."),
            Parameter(
                "after",
                {"type": "string", "pattern": "^[0-9]{1,18}$"},
                "The `next` of the list that this one continues.",
            ),
        ),
    ),
    Operation(
        TRADE,
        "delete",
        "/orders",
        accounts.cancel_all,
        "Cancel all orders of an account",
        schemas.CanceledOrders,
        (403, 404, 422, 504),
        (SYMBOL_FILTER, ACCOUNT),
    ),
    Operation(
        USER_DATA,
        "get",
        "/orders/{order_id}",
        orders.look_up,
        "Look an order up",
        schemas.Order,
        (404, 422),
        (ORDER_ID, OWNER),
    ),
    Operation(
        TRADE,
        "delete",
        "/orders/{order_id}",
        orders.cancel,
        "Cancel an order",
        schemas.Order,
        (403, 404, 409, 422, 504),
        (ORDER_ID, OWNER),
    ),
    Operation(
        TRADE,
        "patch",
        "/orders/{order_id}",
        amends.amend,
        "Amend an order",
        schemas.Order,
        (403, 404, 409, 413, 422, 504),
        (ORDER_ID, OWNER),
        body=schemas.AmendRequest,
        example={"quantity": "0.4"},
    ),
    Operation(
        TRADE,
        "post",
        "/orders/oco",
        oco.place,
        "Place two orders; each cancels the other",
        schemas.OcoOrders,
        (403, 404, 409, 413, 422, 504),
        body=schemas.OcoRequest,
        example=_OCO_EXAMPLE,
    ),
    Operation(
        TRADE,
        "post",
        "/orders/batch",
        batches.place,
        "Place many orders",
        schemas.BatchResults,
        (403, 413, 422),
        body=schemas.OrderBatchRequest,
        example=_BATCH_EXAMPLE,
    ),
    Operation(
        TRADE,
        "post",
        "/orders/cancel-batch",
        batches.cancel,
        "Cancel many orders",
        schemas.BatchResults,
        (403, 413, 422),
        body=schemas.CancelBatchRequest,
        example={"order_ids": ["42", "client:exit-1"]},
    ),
    Operation(
        USER_DATA,
        "get",
        "/fills",
        accounts.list_fills,
        "The last fills of an account",
        schemas.FillList,
        (404, 422),
        (
            ACCOUNT,
            FILLS_OF_SYMBOL,
            _bounded(
                "limit",
                1,
                MAX_FILLS,
                100,
                "Fills in the answer at most; the newest without `after`. It holds one more if the account has traded "
                "with itself last: both sides stay together.",
            ),
            Parameter(
                "after",
                {"type": "string", "pattern": f"^{CURSOR_PATTERN.pattern}$"},
                "The `next` of the answer that this one continues, or a fill's sequence and trade_id with a hyphen "
                "between.",
            ),
        ),
    ),
    Operation(
        TRADE,
        "post",
        "/accounts/{account}/cancel-after",
        accounts.cancel_after,
        "Cancel all orders of an account, unless this call comes again in time",
        schemas.CancelAfterView,
        (403, 413, 422, 504),
        (ACCOUNT_OF_PATH,),
        body=schemas.CancelAfterRequest,
        example={"timeout_ms": 5000},
    ),
    Operation(
        PUBLIC,
        "get",
        "/depth",
        market.depth,
        "The best levels of a book",
        market_schemas.DepthView,
        (404, 422),
        (SYMBOL, _bounded("levels", 1, MAX_LEVELS, 10, "Levels of each side at most.")),
    ),
    Operation(
        PUBLIC, "get", "/bbo", market.bbo, "The best bid and ask", market_schemas.BestPrices, (404, 422), (SYMBOL,)
    ),
    Operation(
        PUBLIC,
        "get",
        "/trades",
        market.trades,
        "The last trades, oldest first",
        market_schemas.TradeList,
        (404, 422),
        (SYMBOL, _bounded("limit", 1, MAX_TRADES, 100, "Trades at most.")),
    ),
    Operation(
        PUBLIC,
        "get",
        "/instruments",
        instruments.list_instruments,
        "All instruments",
        market_schemas.InstrumentViews,
        (422,),
    ),
    Operation(
        PUBLIC,
        "get",
        "/health",
        maintenance.health,
        "Whether the matcher answers",
        schemas.Health,
        (422,),
        unhealthy=schemas.Unhealthy,
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/instruments",
        instruments.set_instrument,
        "Add or change an instrument",
        market_schemas.InstrumentView,
        (403, 409, 413, 422, 504),
        body=market_schemas.InstrumentRequest,
        example=_INSTRUMENT_EXAMPLE,
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/suspend",
        accounts.suspend,
        "Cancel all orders of an account, and take no more of it",
        schemas.AccountView,
        (403, 422, 504),
        (ACCOUNT_OF_PATH,),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/resume",
        accounts.resume,
        "Let a suspended account trade again",
        schemas.AccountView,
        (403, 422, 504),
        (ACCOUNT_OF_PATH,),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/save",
        maintenance.save,
        "Save a book to its file",
        schemas.SavedBookView,
        (403, 404, 409, 422, 504),
        (SYMBOL,),
    ),
    Operation(
        ADMIN,
        "get",
        "/admin/digest",
        maintenance.digest,
        "A digest of the whole state",
        schemas.DigestView,
        (422,),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/load",
        maintenance.load,
        "Load a book from its file",
        schemas.LoadedBookView,
        (403, 404, 409, 422, 504),
        (SYMBOL,),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/keys",
        keys.create,
        "Make an API key; the answer shows its secret this once",
        key_schemas.NewKey,
        (403, 409, 413, 422, 504),
        body=key_schemas.KeyRequest,
        example=_KEY_EXAMPLE,
        status=201,
    ),
    Operation(
        ADMIN,
        "get",
        "/admin/keys",
        keys.list_keys,
        "List the API keys",
        key_schemas.KeyViews,
        (422,),
        (
            _bounded("limit", 1, MAX_KEYS_LISTED, MAX_KEYS_LISTED, "Keys in the answer at most."),
            Parameter("after", KEY.schema, "The `next` of the list that this one continues."),
        ),
    ),
    Operation(
        ADMIN,
        "delete",
        "/admin/keys/{key}",
        keys.revoke,
        "Revoke an API key",
        key_schemas.KeyView,
        (403, 404, 422, 504),
        (KEY,),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/keys/{key}/secret",
        keys.renew,
        "Give an HMAC key a new secret; the one before is good no more",
        key_schemas.NewKey,
        (403, 404, 409, 422, 504),
        (KEY,),
        status=201,
    ),
)
