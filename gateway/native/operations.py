"""The HTTP calls of the native dialect: one table. Its router and its OpenAPI document are both made from it."""

from typing import Final

from gateway.native.calls import accounts, amends, batches, instruments, maintenance, market, oco, orders
from gateway.native.calls.accounts import MAX_FILLS
from gateway.native.calls.market import MAX_LEVELS, MAX_TRADES
from gateway.native.calls.orders import MAX_LISTED
from gateway.native.json import market_schemas, schemas
from gateway.native.money_operations import MONEY_OPERATIONS
from gateway.native.operation import (
    ACCOUNT,
    ACCOUNT_FILTER,
    ACCOUNT_OF_PATH,
    FILLS_OF_SYMBOL,
    ORDER_ID,
    OWNER,
    SYMBOL,
    SYMBOL_FILTER,
    Operation,
    Parameter,
    bounded,
    continued,
)

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
_INSTRUMENT_EXAMPLE: Final = {"symbol": "BTC-USDT", "status": "halted"}

OPERATIONS: Final = (
    Operation(
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
            bounded("limit", 1, MAX_LISTED, 100, "Orders in the answer at most."),
            Parameter(
                "after",
                {"type": "string", "pattern": "^[0-9]{1,18}$"},
                "The `next` of the list that this one continues.",
            ),
        ),
    ),
    Operation(
        "delete",
        "/orders",
        accounts.cancel_all,
        "Cancel all orders of an account",
        schemas.CanceledOrders,
        (403, 404, 422, 504),
        (SYMBOL_FILTER, ACCOUNT),
    ),
    Operation(
        "get", "/orders/{order_id}", orders.look_up, "Look an order up", schemas.Order, (404, 422), (ORDER_ID, OWNER)
    ),
    Operation(
        "delete",
        "/orders/{order_id}",
        orders.cancel,
        "Cancel an order",
        schemas.Order,
        (403, 404, 409, 422, 504),
        (ORDER_ID, OWNER),
    ),
    Operation(
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
        "get",
        "/fills",
        accounts.list_fills,
        "The last fills of an account",
        schemas.FillList,
        (404, 422),
        (
            ACCOUNT,
            FILLS_OF_SYMBOL,
            bounded(
                "limit",
                1,
                MAX_FILLS,
                100,
                "Fills in the answer at most; the newest without `after`. It holds one more if the account has traded "
                "with itself last: both sides stay together.",
            ),
            continued(
                "The `next` of the answer that this one continues, or a fill's sequence and trade_id with a hyphen "
                "between."
            ),
        ),
    ),
    Operation(
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
        "get",
        "/depth",
        market.depth,
        "The best levels of a book",
        market_schemas.DepthView,
        (404, 422),
        (SYMBOL, bounded("levels", 1, MAX_LEVELS, 10, "Levels of each side at most.")),
    ),
    Operation("get", "/bbo", market.bbo, "The best bid and ask", market_schemas.BestPrices, (404, 422), (SYMBOL,)),
    Operation(
        "get",
        "/trades",
        market.trades,
        "The last trades, oldest first",
        market_schemas.TradeList,
        (404, 422),
        (SYMBOL, bounded("limit", 1, MAX_TRADES, 100, "Trades at most.")),
    ),
    Operation(
        "get", "/instruments", instruments.list_instruments, "All instruments", market_schemas.InstrumentViews, (422,)
    ),
    Operation(
        "get",
        "/health",
        maintenance.health,
        "Whether the matcher answers",
        schemas.Health,
        (422,),
        unhealthy=schemas.Unhealthy,
    ),
    Operation(
        "post",
        "/admin/instruments",
        instruments.set_instrument,
        "Add or change an instrument",
        market_schemas.InstrumentView,
        (403, 409, 413, 422, 504),
        body=market_schemas.InstrumentRequest,
        example=_INSTRUMENT_EXAMPLE,
        admin=True,
    ),
    Operation(
        "post",
        "/admin/accounts/{account}/suspend",
        accounts.suspend,
        "Cancel all orders of an account, and take no more of it",
        schemas.AccountView,
        (403, 422, 504),
        (ACCOUNT_OF_PATH,),
        admin=True,
    ),
    Operation(
        "post",
        "/admin/accounts/{account}/resume",
        accounts.resume,
        "Let a suspended account trade again",
        schemas.AccountView,
        (403, 422, 504),
        (ACCOUNT_OF_PATH,),
        admin=True,
    ),
    Operation(
        "post",
        "/admin/save",
        maintenance.save,
        "Save a book to its file",
        schemas.SavedBookView,
        (403, 404, 409, 422, 504),
        (SYMBOL,),
        admin=True,
    ),
    Operation(
        "get",
        "/admin/digest",
        maintenance.digest,
        "A digest of the whole state",
        schemas.DigestView,
        (422,),
        admin=True,
    ),
    Operation(
        "post",
        "/admin/load",
        maintenance.load,
        "Load a book from its file",
        schemas.LoadedBookView,
        (403, 404, 409, 422, 504),
        (SYMBOL,),
        admin=True,
    ),
    *MONEY_OPERATIONS,
)
