"""The HTTP calls that change an order: rows of the table in `operations`."""

from typing import Final

from gateway.access.needs import TRADE, USER_DATA
from gateway.native.calls import amends, replacements
from gateway.native.calls.orders import MAX_LISTED
from gateway.native.json import schemas
from gateway.native.json.replacement_schemas import CancelReplaceRequest, Replacement
from gateway.native.operation import ORDER_ID, OWNER, SYMBOL_OF_ORDER, Operation, Parameter, bounded

ORDER_EXAMPLE: Final = {
    "symbol": "BTC-USDT",
    "order_type": "limit",
    "side": "buy",
    "quantity": "0.5",
    "price": "60000",
}

CHANGE_OPERATIONS: Final = (
    Operation(
        TRADE,
        "patch",
        "/orders/{order_id}",
        amends.amend,
        "Amend an order",
        schemas.Order,
        (403, 404, 409, 413, 422, 504),
        (ORDER_ID, OWNER, SYMBOL_OF_ORDER),
        body=schemas.AmendRequest,
        example={"quantity": "0.4"},
    ),
    Operation(
        USER_DATA,
        "get",
        "/orders/{order_id}/amendments",
        amends.list_amendments,
        "What the amends of an order have changed",
        schemas.AmendmentViews,
        (404, 422),
        (
            ORDER_ID,
            OWNER,
            SYMBOL_OF_ORDER,
            bounded("limit", 1, MAX_LISTED, 100, "Amends in the answer at most."),
            Parameter(
                "after",
                {"type": "string", "pattern": "^[0-9]{1,18}$"},
                "The `next` of the list that this one continues.",
            ),
        ),
    ),
    Operation(
        TRADE,
        "post",
        "/orders/cancel-replace",
        replacements.replace,
        "Cancel an order and place another in one command",
        Replacement,
        (403, 404, 409, 413, 422, 504),
        body=CancelReplaceRequest,
        example={"cancel": {"order_id": "42"}, "place": ORDER_EXAMPLE},
    ),
)
