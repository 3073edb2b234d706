"""Random orders of an account under load."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from protocol.client import CommandClient, MatcherAwayError, OutcomeUnknownError
from protocol.commands import CancelAllOrders, CancelOrder, Command, PlaceOrder
from protocol.events import OrderResult
from protocol.units import OrderType, Side
from tests.exchange import Exchange, wait_until

LOT = 100_000
"""Of a whole unit of the base currency."""


class Flow:
    """Random orders and cancels of an account and of a counterparty, straight to the matcher, until it is stopped."""

    def __init__(self, exchange: Exchange, account: str, symbols: tuple[str, ...], seed: int) -> None:
        self.sent = 0
        self._exchange = exchange
        self._accounts = (account, account, f"against-{account}")
        self._symbols = symbols
        self._random = random.Random(seed)
        self._stopping = Event()
        self._ids: list[int] = []

    def run(self) -> None:
        with self._exchange.matcher.client() as client:
            while not self._stopping.is_set():
                try:
                    self._send(client, [self._command() for _ in range(self._random.randrange(1, 20))])
                except (MatcherAwayError, OutcomeUnknownError):
                    wait_until(lambda: _is_back(client), "the matcher")

    def stop(self) -> None:
        self._stopping.set()

    def _send(self, client: CommandClient, commands: list[Command]) -> None:
        for _ in client.send(commands):
            answer = client.receive().answer
            self.sent += 1
            if isinstance(answer, OrderResult) and answer.resting:
                self._ids.append(answer.order_id)

    def _command(self) -> Command:
        chance = self._random.random()
        if chance < 0.35 and self._ids:
            return CancelOrder(self._ids.pop(self._random.randrange(len(self._ids))))
        symbol, account = self._random.choice(self._symbols), self._random.choice(self._accounts)
        if chance < 0.36:
            return CancelAllOrders(account, symbol)
        side = self._random.choice((Side.BUY, Side.SELL))
        price = 10_000 + self._random.randrange(-20, 40 if side is Side.SELL else 20) * 100
        return PlaceOrder(symbol, account, side, OrderType.LIMIT, self._random.randrange(1, 4) * LOT, price)


def _is_back(client: CommandClient) -> bool:
    try:
        client.connect()
    except (MatcherAwayError, OutcomeUnknownError):
        return False
    return True


@contextmanager
def trading(exchange: Exchange, account: str, symbols: tuple[str, ...], clients: int = 2) -> Iterator[list[Flow]]:
    """Several clients that trade for the account; at the end all of them have stopped."""
    flows = [Flow(exchange, account, symbols, seed) for seed in range(clients)]
    threads = [Thread(target=flow.run) for flow in flows]
    for thread in threads:
        thread.start()
    try:
        yield flows
    finally:
        for flow in flows:
            flow.stop()
        for thread in threads:
            thread.join()


def wait_for_orders(flows: list[Flow], number: int) -> None:
    sent = sum(flow.sent for flow in flows)
    wait_until(lambda: sum(flow.sent for flow in flows) >= sent + number, "orders")
