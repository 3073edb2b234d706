"""A client of an account's stream, and what it must know in the end."""

import socket
from contextlib import AbstractContextManager, ExitStack, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.account_view import AccountView, Json
from tests.exchange import PATIENCE, Exchange, receive


def open_stream(
    exchange: Exchange, account: str, after: int | None = None, sock: socket.socket | None = None
) -> AbstractContextManager[ClientConnection]:
    query = f"account={account}" if after is None else f"account={account}&after={after}"
    url = f"ws://127.0.0.1:{exchange.gateway.port}/ws/user?{query}"
    # Tests read when they want to: no ping is answered before.
    return connect(
        url, open_timeout=PATIENCE, proxy=None, compression=None, max_size=None, ping_interval=None, sock=sock
    )


class Follower(AccountView):
    """A client of the account's stream; it can come back. A context manager."""

    def __init__(self, exchange: Exchange, account: str) -> None:
        super().__init__(account)
        self._exchange = exchange
        self._stack = ExitStack()

    def __enter__(self) -> "Follower":
        self._stream = self._stack.enter_context(open_stream(self._exchange, self.account))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def come_back(self) -> None:
        """Break the connection, connect again and go on after what was read last."""
        with suppress(OSError):
            self._stream.socket.shutdown(socket.SHUT_RDWR)
        self._stack.close()
        self.updates.clear()
        self._stream = self._stack.enter_context(open_stream(self._exchange, self.account, self.sequence))

    def read(self) -> Json:
        message = receive(self._stream)
        self.take_in(message)
        return message

    def read_up_to(self, sequence: int) -> None:
        while not self.knows(sequence):
            self.read()

    def read_to_the_end(self) -> tuple[int, str]:
        """Read what came before the stream ended, or broke; code and reason."""
        try:
            while True:
                self.read()
        except ConnectionClosed as closed:
            return (1006, "") if closed.rcvd is None else (closed.rcvd.code, closed.rcvd.reason)


def open_orders(exchange: Exchange, account: str) -> dict[str, Json]:
    """As GET /orders lists them."""
    orders: dict[str, Json] = {}
    after: str | None = "0"
    while after is not None:
        page = exchange.get("/orders", account=account, limit=1000, after=after)
        orders.update((order["order_id"], order) for order in page["orders"])
        after = page["next"]
    return orders


def check(exchange: Exchange, *followers: Follower) -> None:
    """When nobody trades any more: what the account's clients know is what the exchange lists, and all were told the
    same."""
    account = followers[0].account
    last = exchange.place("BTC-USDT", "limit", "buy", "1", "1", account=account)
    expected = open_orders(exchange, account)
    longest: list[int] = []
    for follower in followers:
        follower.read_up_to(last["sequence"])
        assert follower.orders == expected
        shorter, longest = sorted((longest, follower.since_beginning), key=len)
        assert longest[-1:] == [last["sequence"]]
        assert longest[len(longest) - len(shorter) :] == shorter
