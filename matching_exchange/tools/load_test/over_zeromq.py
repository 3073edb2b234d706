"""The exchange over ZeroMQ: commands over one session with the matcher, answers on its private topic."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

import zmq

from matching_exchange.tools.load_test.orders import Market, Sent, Told
from matching_exchange.tools.load_test.transport import LoadError, Reply
from matching_exchange.tools.waiting import unanswered
from protocol.client import CommandClient, MatcherAwayError
from protocol.codec import decode_report, encode
from protocol.commands import CancelAllOrders, Commands, DepthQuery, InstrumentsQuery, OrderQuery, PlaceOrder
from protocol.curve import ClientKeys
from protocol.events import Answer, CommandRefused, Depth, InstrumentList, OrderResult, OrderState, Trade
from protocol.session import WINDOW, Answered, ClientSession, Lost, NotOpenError, SessionState, new_session
from protocol.sockets import open_commands, open_reports
from protocol.units import OrderStatus, OrderType, Refusal

CONNECT_SECONDS: Final = 10.0

LOOK_UPS_UNDER_WAY: Final = 256

TICK: Final = 0.05
"""Seconds between two looks of the session at the clock."""


def word_of(status: OrderStatus) -> str:
    return status.name.lower()


def trades_of(trades: Sequence[Trade]) -> list[tuple[int, int]]:
    return [(trade.price, trade.quantity) for trade in trades]


def told_state(state: OrderState) -> Told:
    return Told(
        str(state.order_id),
        state.client_order_id,
        state.side,
        state.quantity,
        state.price,
        word_of(state.status),
        state.filled_quantity,
        state.remaining_quantity,
        trades_of(state.trades),
    )


def told_result(order: Sent, result: OrderResult) -> Told:
    """The result leaves out what its sender knows."""
    return Told(
        str(result.order_id),
        order.client_order_id,
        order.side,
        order.quantity,
        order.price,
        word_of(result.status),
        result.filled_quantity,
        result.remaining_quantity,
        trades_of(result.trades),
    )


class ZeroMqTransport:
    """A matcher at these addresses."""

    def __init__(self, commands: str, reports: str, account: str, keys: ClientKeys | None = None) -> None:
        self._endpoint = commands
        self._account = account
        self._market: Market | None = None
        self._client = CommandClient(commands, reports, CONNECT_SECONDS, keys)
        self._context = zmq.Context()
        self._session = ClientSession(new_session)
        self._commands = open_commands(self._context, commands, keys)
        self._reports = open_reports(self._context, reports, self._session.public, keys)
        self._waiting: dict[int, tuple[int, Sent]] = {}
        self._failed: list[Reply] = []
        try:
            self._client.connect()
            self._open()
        except MatcherAwayError as error:
            self.close()
            why = f": {error.reason}" if error.reason else ""
            raise LoadError(unanswered({"--commands": commands, "--reports": reports}) + why) from error

    def _open(self) -> None:
        deadline = time.monotonic() + CONNECT_SECONDS
        while self._session.state is not SessionState.OPEN:
            self.receive(TICK)
            if time.monotonic() > deadline:
                raise MatcherAwayError(f"no matcher answered within {CONNECT_SECONDS:g} seconds")

    def market(self, symbol: str) -> Market:
        found = self._client.query(InstrumentsQuery()).result
        assert isinstance(found, InstrumentList), "it is answered by nothing else"
        for instrument in found.instruments:
            if instrument.symbol == symbol:
                self._market = Market(
                    symbol,
                    instrument.price_decimals,
                    instrument.quantity_decimals,
                    instrument.tick_size,
                    instrument.lot_size,
                    instrument.min_quantity,
                    instrument.min_notional,
                )
                return self._market
        raise LoadError(f"{self._endpoint}: has no instrument {symbol}")

    @property
    def _known(self) -> Market:
        assert self._market is not None, "the market is asked for first"
        return self._market

    def middle(self) -> int | None:
        depth = self._client.query(DepthQuery(self._known.symbol, 1)).result
        if not isinstance(depth, Depth) or not depth.bids or not depth.asks:
            return None
        return (depth.bids[0][0] + depth.asks[0][0]) // 2

    def can_send(self) -> bool:
        return self._session.waiting < WINDOW

    def send(self, number: int, order: Sent) -> None:
        command = PlaceOrder(
            self._known.symbol,
            self._account,
            order.side,
            OrderType.LIMIT,
            order.quantity,
            order.price,
            None,
            order.client_order_id,
        )
        try:
            self._waiting[self._session.submit(command)] = number, order
        except NotOpenError:
            self._failed.append(
                Reply(number, time.perf_counter(), "refused", None, "there is no session with a matcher")
            )

    def receive(self, seconds: float) -> list[Reply]:
        replies, self._failed = self._failed, []
        self._push()
        if not self._reports.poll(0 if replies else int(min(seconds, TICK) * 1000)):
            return replies
        while True:
            try:
                _, payload = self._reports.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return replies
            outcome = self._session.receive(decode_report(payload), time.monotonic())
            if isinstance(outcome, Lost):
                raise LoadError(f"{self._endpoint}: the session has ended: {outcome.reason}")
            at = time.perf_counter()
            replies += [self._reply(answered, at) for answered in outcome or () if answered.number in self._waiting]

    def _reply(self, answered: Answered, at: float) -> Reply:
        number, order = self._waiting.pop(answered.number)
        answer: Answer = answered.answer
        if isinstance(answer, CommandRefused):
            return Reply(
                number, at, "refused", None, f"{answer.refusal.name.lower()} {answer.field} {answer.detail}".strip()
            )
        assert isinstance(answer, OrderResult | OrderState), "an order is answered by nothing else"
        return Reply(
            number,
            at,
            "answered",
            told_result(order, answer) if isinstance(answer, OrderResult) else told_state(answer),
        )

    def _push(self) -> None:
        """Send the due frames until the transport is full."""
        now = time.monotonic()
        while (frame := self._session.next_frame(now)) is not None:
            try:
                self._commands.send(encode(frame), zmq.NOBLOCK)
            except zmq.Again:
                return
            if isinstance(frame, Commands):
                self._session.sent(frame, now)

    def give_up(self) -> None:
        self._waiting.clear()

    def look_up(self, orders: Sequence[Sent]) -> Iterator[tuple[Sent, Told | None]]:
        try:
            for first in range(0, len(orders), LOOK_UPS_UNDER_WAY):
                some = orders[first : first + LOOK_UPS_UNDER_WAY]
                requests = [self._client.ask(OrderQuery(None, self._account, order.client_order_id)) for order in some]
                for order, request in zip(some, requests, strict=True):
                    found = self._client.result(request).result
                    if isinstance(found, CommandRefused) and found.refusal is Refusal.UNKNOWN_ORDER:
                        yield order, None
                    else:
                        assert isinstance(found, OrderState), "the query is sound"
                        yield order, told_state(found)
        except MatcherAwayError as error:
            raise LoadError(f"{self._endpoint}: {error}") from error

    def cancel_all(self) -> None:
        self._client.command(CancelAllOrders(self._account, self._known.symbol))

    def close(self) -> None:
        self._client.close()
        self._commands.close()
        self._reports.close()
        self._context.term()
