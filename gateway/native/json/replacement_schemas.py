"""The bodies of POST /orders/cancel-replace and of its answer."""

from msgspec import Struct

from gateway.native.json.field_types import NameText, OnlyStatusWord, PartResultWord
from gateway.native.json.schemas import Order, OrderRequest
from gateway.native.problems import Problem


class CancelRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The order to cancel: an order_id, or client:<client_order_id>, of the new order's account.

    * only_status: cancels it only if nothing of it is filled (new), or something (partially_filled)
    * cancel_client_order_id: a name for this cancel; the account's stream tells it
    """

    order_id: str
    only_status: OnlyStatusWord | None = None
    cancel_client_order_id: NameText | None = None


class CancelReplaceRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Cancels one order and places another. Nothing comes between. With allow_failure the new order is placed also if
    the cancel is refused."""

    cancel: CancelRequest
    place: OrderRequest
    allow_failure: bool = False


class ReplacementPart(Struct, frozen=True):
    """What became of the cancel, or of the new order.

    * order: as it stands; of a new order that failed, the rejected order
    * problem: why the part failed, if there is no such order
    """

    result: PartResultWord
    order: Order | None = None
    problem: Problem | None = None


class Replacement(Struct, frozen=True):
    """What became of both parts. If the new order was sent before under its client_order_id, it has `duplicate`, and
    nothing was canceled."""

    cancel: ReplacementPart
    place: ReplacementPart
