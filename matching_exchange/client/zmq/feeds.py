"""The feeds that a client follows: which topics it subscribes to, and who hears what. One thread, or one event loop.

Trades, books and instruments come over the socket of market data, updates of accounts over that of reports.
"""

from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct, structs

from matching_exchange.client.types.account_stream import AccountStart, AccountUpdate
from matching_exchange.client.types.markets import Trade
from matching_exchange.client.zmq.account_follower import AccountFollower, Beginning
from matching_exchange.client.zmq.book_follower import BookChange, BookFollower, Keeper
from matching_exchange.client.zmq.followers import Desk, Follower
from matching_exchange.client.zmq.refused import error_of
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.steps import Known
from matching_exchange.client.zmq.trade_follower import TradeFollower
from matching_exchange.client.zmq.views import accounts, markets
from protocol import events, topics
from protocol.book_feeds import BookMessage, BookSnapshotMessage
from protocol.codec import decode_market_data, decode_report
from protocol.commands import InstrumentsQuery
from protocol.instrument import Instrument
from protocol.market_data import InstrumentMessage, TradeMessage

AnyFollower = TypeVar("AnyFollower", bound=Follower)

Stop = Callable[[], None]
"""Ends what was begun."""


class Ears(Struct, frozen=True):
    """Who hears of one subscription: of its holes, when it has begun, and why it cannot begin."""

    hole: Callable[[Hole], None]
    begun: Callable[[], None]
    failed: Callable[[Exception], None]


class Topics:
    """The subscriptions of one socket, counted: the last one of a topic ends it."""

    def __init__(self, subscribe: Callable[[bytes], None], unsubscribe: Callable[[bytes], None]) -> None:
        self._subscribe = subscribe
        self._unsubscribe = unsubscribe
        self._count: Counter[bytes] = Counter()

    def add(self, topic: bytes) -> None:
        self._count[topic] += 1
        if self._count[topic] == 1:
            self._subscribe(topic)

    def remove(self, topic: bytes) -> None:
        self._count[topic] -= 1
        if not self._count[topic]:
            self._unsubscribe(topic)


class _Followed(Struct, Generic[AnyFollower]):
    topic: bytes
    follower: AnyFollower


class Feeds:
    """`tell` hears of each hole."""

    def __init__(self, desk: Desk, known: Known, market: Topics, reports: Topics, tell: Callable[[Hole], None]) -> None:
        self._desk = desk
        self._known = known
        self._market = market
        self._reports = reports
        self._tell = tell
        self._trades: list[_Followed[TradeFollower]] = []
        self._books: list[_Followed[BookFollower]] = []
        self._accounts: list[_Followed[AccountFollower]] = []

    def follow_trades(
        self, instrument: Instrument, hear: Callable[[Trade], None], after: int | None, ears: Ears
    ) -> Stop:
        """Hear each trade of the instrument after a trade_id; None: from now on."""
        symbol, by_symbol = instrument.symbol, self._known.instruments

        def told(trade: TradeMessage | events.Trade) -> None:
            hear(markets.trade(trade, by_symbol[symbol]))

        follower = TradeFollower(symbol, self._desk, told, self._both(ears.hole), after)
        follower.on_begun = ears.begun
        followed = _Followed(topics.trades(symbol), follower)
        # The instrument tells the decimals of published fees.
        self._market.add(topics.instruments(symbol))
        self._market.add(followed.topic)
        self._trades.append(followed)

        def stop() -> None:
            if followed in self._trades:
                self._trades.remove(followed)
                self._market.remove(followed.topic)
                self._market.remove(topics.instruments(symbol))

        return stop

    def follow_book(
        self, instrument: Instrument, hear: Callable[[BookChange], None], ears: Ears
    ) -> tuple[Keeper, Stop]:
        """Hear each change of the book by levels. Give them to the keeper, in their order."""
        follower = BookFollower(instrument.symbol, self._desk, hear, self._both(ears.hole))
        follower.on_begun = ears.begun
        followed = _Followed(topics.book(instrument.symbol), follower)
        self._market.add(followed.topic)
        self._books.append(followed)

        def stop() -> None:
            if followed in self._books:
                self._books.remove(followed)
                self._market.remove(followed.topic)

        return Keeper(instrument, follower.distrust), stop

    def follow_account(
        self,
        account: str,
        hear: Callable[[AccountStart | AccountUpdate], None],
        ears: Ears,
        *,
        again: bool = False,
    ) -> Stop:
        """Hear how the account stands, then each change. `again`: something was told before."""
        by_symbol = self._known.instruments

        def told(found: Beginning | events.AccountUpdate) -> None:
            hear(
                accounts.start(found, by_symbol) if isinstance(found, Beginning) else accounts.update(found, by_symbol)
            )

        follower = AccountFollower(account, self._desk, self._known, told, self._both(ears.hole), again=again)
        follower.on_refused = lambda refused: ears.failed(error_of(refused))
        follower.on_begun = ears.begun
        followed = _Followed(topics.account_updates(account), follower)
        self._reports.add(followed.topic)
        self._accounts.append(followed)

        def stop() -> None:
            if followed in self._accounts:
                self._accounts.remove(followed)
                self._reports.remove(followed.topic)

        return stop

    def receive_market(self, topic: bytes, payload: bytes) -> None:
        """Take in a message of market data."""
        message = decode_market_data(payload)
        if isinstance(message, TradeMessage):
            for trades in list(self._trades):
                if trades.topic == topic:
                    trades.follower.receive(message)
        elif isinstance(message, BookMessage | BookSnapshotMessage):
            for books in list(self._books):
                if books.topic == topic:
                    books.follower.receive(message)
        elif isinstance(message, InstrumentMessage):
            self._learn(message)

    def receive_report(self, topic: bytes, payload: bytes) -> None:
        """Take in an update of an account."""
        report = decode_report(payload)
        if isinstance(report, events.AccountUpdate):
            for each in list(self._accounts):
                if each.topic == topic:
                    each.follower.receive(report)

    def tick(self, now: float) -> None:
        """Let the followers ask whether something was lost. Call it several times a second."""
        for follower in self._followers():
            follower.tick(now)

    def connection(self, state: ConnectionState) -> None:
        """The connection has changed."""
        if state.other_history:
            self._desk.ask(InstrumentsQuery(), lambda result: self._known.learn(result.result))
        for follower in self._followers():
            follower.connection(state)

    def _followers(self) -> list[Follower]:
        trades, books = [each.follower for each in self._trades], [each.follower for each in self._books]
        return [*trades, *books, *(each.follower for each in self._accounts)]

    def _both(self, tell: Callable[[Hole], None]) -> Callable[[Hole], None]:
        def told(hole: Hole) -> None:
            self._tell(hole)
            tell(hole)

        return told

    def _learn(self, message: InstrumentMessage) -> None:
        """Take in what changes of a known instrument."""
        known = self._known.instruments.get(message.symbol)
        if known is not None:
            self._known.instruments[message.symbol] = _with_rates(known, message)


def _with_rates(known: Instrument, message: InstrumentMessage) -> Instrument:
    """The instrument with the fees that the message tells."""
    return structs.replace(known, maker_fee_bps=message.maker_fee_bps, taker_fee_bps=message.taker_fee_bps)
