"""Who sees whether what another sends disturbs the matcher."""

from protocol.client import CommandClient
from protocol.commands import (
    CancelOrder,
    DepthQuery,
    InstrumentsQuery,
    OrdersQuery,
    PlaceOrder,
    StatusQuery,
    TradesQuery,
)
from protocol.events import MatcherStatus, OrderResult, OrderState
from protocol.units import OrderStatus, OrderType, Side
from tests.exchange import Matcher

GOOD_ORDER = PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 100_000, 100)


class Witness:
    """A client beside the one that misbehaves, and what it sees of the matcher."""

    def __init__(self, matcher: Matcher, client: CommandClient) -> None:
        self.matcher = matcher
        self.client = client
        self.order_id = self.place_and_cancel()
        self.refused_frames = self.count_refused_frames()
        self.state = self.look()

    def count_refused_frames(self) -> int:
        status = self.client.query(StatusQuery()).result
        assert isinstance(status, MatcherStatus)
        return status.refused_frames

    def look(self) -> list[object]:
        """All that a command could change, and at last the sequence."""
        queries = (
            InstrumentsQuery(),
            OrdersQuery(),
            OrdersQuery(done=True),
            DepthQuery("BTC-USDT"),
            TradesQuery("BTC-USDT"),
        )
        requests = [self.client.ask(query) for query in queries]
        responses = [self.client.result(request) for request in requests]
        return [*(response.result for response in responses), responses[0].sequence]

    def place_and_cancel(self) -> int:
        """The order_id that the next good order gets."""
        placed = self.client.command(GOOD_ORDER)
        assert isinstance(placed, OrderResult)
        canceled = self.client.command(CancelOrder(placed.order_id))
        assert isinstance(canceled, OrderState)
        assert canceled.status is OrderStatus.CANCELED
        return placed.order_id

    def assert_refused(self, frames: int = 1) -> None:
        """So many more frames are told of; the state is that of before; the next good order is taken."""
        self.assert_told(frames)
        assert self.matcher.failures() == []
        assert self.look() == self.state
        assert self.place_and_cancel() == self.order_id + 1

    def assert_told(self, frames: int) -> None:
        """So many more frames are counted; the log tells of all but the last ones."""
        assert self.count_refused_frames() == self.refused_frames + frames
        told = 0
        for record in self.matcher.records("frame refused"):
            told += 1 + record.get("left_out", 0)
            assert (record["refused_frames"], record["level"], bool(record["detail"])) == (told, "warning", True)
        assert 1 <= told <= self.refused_frames + frames

    def assert_unchanged(self, commands: int = 0) -> None:
        """Nothing was refused as a frame, and the state is that of before, so many refused commands later."""
        *rest, sequence = self.state
        assert isinstance(sequence, int)
        assert self.look() == [*rest, sequence + commands]
        assert self.count_refused_frames() == self.refused_frames
        assert self.place_and_cancel() == self.order_id + 1
