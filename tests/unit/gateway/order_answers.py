"""What a matcher answers to an order, and what it shows of one."""

from msgspec import structs

from protocol.events import OrderResult, OrderState
from protocol.units import OrderStatus, OrderType, Reason, Side
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP

RESTS = OrderResult(41, OrderStatus.OPEN, True, 0, 50_000, 0, None)
STATE = OrderState(
    41, "c", "default", "BTC-USDT", Side.BUY, OrderType.LIMIT, 6_000_000, None, OrderStatus.OPEN, True,
    50_000, 0, 50_000, 0, None, SEQUENCE, TIMESTAMP, [],
)  # fmt: skip
CANCELED = structs.replace(
    STATE, status=OrderStatus.CANCELED, resting=False, remaining_quantity=0, reason=Reason.REQUESTED
)
