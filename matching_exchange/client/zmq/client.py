"""The client over ZeroMQ whose methods wait, and which calls back on a thread of its own."""

from collections.abc import Callable, Sequence

from matching_exchange.client.book import BookUpdate
from matching_exchange.client.types.account_stream import AccountStart, AccountUpdate
from matching_exchange.client.types.markets import Trade
from matching_exchange.client.types.orders import Fill, Order
from matching_exchange.client.zmq import units
from matching_exchange.client.zmq.book_follower import BookChange
from matching_exchange.client.zmq.calls import accounts, markets, orders
from matching_exchange.client.zmq.feeds import Ears, Feeds, Stop
from matching_exchange.client.zmq.link import Order as Submitted
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.surface import submitted, waiting
from matching_exchange.client.zmq.threads import Threads
from matching_exchange.client.zmq.tickets import Ticket
from protocol.commands import Command, Query
from protocol.events import QueryResult
from protocol.session import Answered


class ZmqClient(Threads):
    """An exchange, over the matcher's ZeroMQ sockets. The fast way, for bots near the matcher.

        with ZmqClient(account="me") as client:
            client.on_fill(print)
            order = client.place("BTC-USDT", "buy", quantity="0.1", price="25000")

    commands, reports, market_data: the endpoints of the matcher.
    account: of calls that name none.
    timeout: seconds that a call waits for its answer.
    window: how many commands may wait for their answers, from 1 to 16,384. A call beyond them waits.
    order_deadline: seconds after which the matcher rejects an order that has not reached it; None for no end.
    server_key, secret_key: where the matcher has CURVE: its public key and the client's secret one.
    plain_market_data: whether the market data has no CURVE although the other sockets have it.
    matchers: base addresses of the nodes of a replicated log, such as "a:5555", in place of the three endpoints. The
        client speaks to the one that leads, and goes on with the next one.

    Its methods may be called from any thread, callbacks included. One thread takes in answers, another one calls back.
    """

    def __enter__(self) -> "ZmqClient":
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    place = waiting(orders.place)
    place_oco = waiting(orders.place_oco)
    cancel = waiting(orders.cancel)
    cancel_all = waiting(accounts.cancel_all)
    cancel_replace = waiting(orders.cancel_replace)
    amend = waiting(orders.amend)
    cancel_after = waiting(accounts.cancel_after)

    submit = submitted(orders.place)
    submit_oco = submitted(orders.place_oco)
    submit_cancel = submitted(orders.cancel)
    submit_amend = submitted(orders.amend)
    submit_cancel_replace = submitted(orders.cancel_replace)

    order = waiting(accounts.order)
    orders = waiting(accounts.orders)
    amendments = waiting(accounts.amendments)
    fills = waiting(accounts.fills)
    prevented_matches = waiting(accounts.prevented_matches)
    account = waiting(accounts.account)
    balances = waiting(accounts.balances)
    movements = waiting(accounts.movements)

    depth = waiting(markets.depth)
    best_prices = waiting(markets.best_prices)
    trades = waiting(markets.trades)
    instruments = waiting(markets.instruments)
    instrument = waiting(markets.instrument)

    def send(self, commands: Sequence[Command]) -> list[Ticket[Answered]]:
        """Send commands of `protocol.commands` as they are, in the instruments' integers. The fastest way.

        Each ticket answers with what the matcher says, also with a CommandRefused. Raises InvalidValue if a field is
        not of its type: nothing is sent then. Raises WindowFull if the window never has room for all of them.
        """
        tickets: list[Ticket[Answered]] = [self.new_ticket() for _ in commands]
        for ticket in tickets:
            ticket.under.sent = True
        submitted = [Submitted(command, ticket.settle) for command, ticket in zip(commands, tickets, strict=True)]
        with self._lock:
            self._wait_for_room(len(submitted))
            self._runner.submit(submitted)
            self._flush()
        return tickets

    def ask(self, query: Query) -> Ticket[QueryResult]:
        """Ask a query of `protocol.queries` as it is. Its ticket answers with the result."""
        ticket: Ticket[QueryResult] = self.new_ticket()
        with self._lock:
            self._check_open()
            ticket.under.request = self._runner.ask(query, ticket.settle)
            self._flush()
        return ticket

    def on_trade(self, symbol: str, callback: Callable[[Trade], object], *, after: int | None = None) -> Stop:
        """Call back with each trade, once and in order: those after the trade_id `after`, or from now on.

        `on_gap` tells of trades that cannot be had. Returns a function that ends it.
        Waits until it has begun, unless a callback calls it. Raises NotFound for an unknown symbol, and Disconnected
        if it has not begun within the client's timeout. This holds for all of these methods.
        """
        begin_after = None if after is None else units.cursor(after)
        instrument = self._instrument(symbol)
        hear = self._callbacks.guarded(callback)
        return self._follow(lambda feeds, ears: feeds.follow_trades(instrument, hear, begin_after, ears))

    def on_book(self, symbol: str, callback: Callable[[BookUpdate], object]) -> Stop:
        """Call back with each change of the book by levels: `book` of it is kept, and may be used in callbacks alone.

        After a hole, which `on_gap` tells, the next one is a `snapshot`.
        """
        instrument = self._instrument(symbol)
        hear = self._callbacks.guarded(callback)

        def begin(feeds: Feeds, ears: Ears) -> Stop:
            def told(change: BookChange) -> None:
                update = keeper.apply(change)
                if update is not None:
                    hear(update)

            keeper, stop = feeds.follow_book(instrument, told, ears)
            return stop

        return self._follow(begin)

    def on_account(
        self, callback: Callable[[AccountStart | AccountUpdate], object], *, account: str | None = None
    ) -> Stop:
        """Call back with how the account stands, then with all that each command has changed for it.

        After a hole, which `on_gap` tells, it begins with an AccountStart again.
        """
        hear = self._callbacks.guarded(callback)
        named = account or self.known.account
        return self._follow(lambda feeds, ears: feeds.follow_account(named, hear, ears))

    def on_order(self, callback: Callable[[Order], object], *, account: str | None = None) -> Stop:
        """Call back with each order of the account that has changed, as its command left it.

        At the beginning, and after a hole, with each that is open or pending.
        """

        def told(item: AccountStart | AccountUpdate) -> None:
            for order in item.orders:
                callback(order)

        return self.on_account(told, account=account)

    def on_fill(self, callback: Callable[[Fill], object], *, account: str | None = None) -> Stop:
        """Call back with each fill of the account from now on.

        After a hole, which `on_gap` tells, `fills` has those that were missed.
        """

        def told(item: AccountStart | AccountUpdate) -> None:
            if isinstance(item, AccountUpdate):
                for fill in item.fills:
                    callback(fill)

        return self.on_account(told, account=account)

    def on_gap(self, callback: Callable[[Hole], object]) -> None:
        """Call back with each hole of what was subscribed to."""
        self._gap_handlers.append(self._callbacks.guarded(callback))

    def on_connection(self, callback: Callable[[ConnectionState], object]) -> None:
        """Call back with each change of the connection to the matcher from now on."""
        self._connection_handlers.append(self._callbacks.guarded(callback))

    def on_error(self, callback: Callable[[Exception], object]) -> None:
        """Call back with each error of a callback. Without this, it is logged with its traceback."""
        self._callbacks.on_error(callback)
