"""A market on a matcher whose book is saved and loaded."""

import json

from msgspec.structs import replace

from protocol.client import CommandClient
from protocol.commands import (
    Command,
    DepthQuery,
    LoadBook,
    OrderQuery,
    OrdersQuery,
    PlaceOrder,
    SaveBook,
    SetInstrument,
    TradesQuery,
)
from protocol.events import (
    BookLoaded,
    BookSaved,
    CommandRefused,
    Depth,
    InstrumentSet,
    OrderPage,
    OrderResult,
    OrderState,
    TradeHistory,
)
from protocol.session import WINDOW
from protocol.units import OrderStatus, OrderType, Side
from tests.exchange import Json, Matcher

BUY, SELL = Side.BUY, Side.SELL
LIMIT = OrderType.LIMIT


class Market:
    """One symbol of a matcher, and two accounts of its own. Prices have two decimals and tick 0.05, quantities three
    and lot 0.01."""

    def __init__(self, matcher: Matcher, client: CommandClient, symbol: str) -> None:
        self.matcher = matcher
        self.client = client
        self.symbol = symbol
        self.account = f"{symbol}:one"
        self.other_account = f"{symbol}:two"
        self.file = matcher.data / "state" / f"orderbook_{symbol}.json"
        answer = client.command(SetInstrument(symbol, 2, 3, "COIN", "USD", 5, 10, 10, 10**9, 10**8, 0, 10, 20))
        assert isinstance(answer, InstrumentSet)

    def place(
        self,
        side: Side,
        quantity: int,
        price: int | None,
        order_type: OrderType = LIMIT,
        trigger_price: int | None = None,
        client_order_id: str | None = None,
        account: str = "",
    ) -> OrderResult:
        order = PlaceOrder(
            self.symbol, account or self.account, side, order_type, quantity, price, trigger_price, client_order_id
        )
        answer = self.client.command(order)
        assert isinstance(answer, OrderResult), answer
        return answer

    def rest(self, side: Side, quantity: int, price: int, client_order_id: str | None = None, account: str = "") -> int:
        """The id of an order that rests."""
        return self.place(side, quantity, price, client_order_id=client_order_id, account=account).order_id

    def rest_many(self, number: int) -> None:
        """Let so many asks rest, all at one price."""
        order = PlaceOrder(self.symbol, self.account, SELL, LIMIT, 10, 20_000)
        while number:
            sent = len(self.client.send([order] * min(number, WINDOW)))
            for _ in range(sent):
                assert isinstance(self.client.receive().answer, OrderResult)
            number -= sent

    def wait(
        self, side: Side, quantity: int, order_type: OrderType, trigger_price: int, price: int | None = None
    ) -> int:
        """The id of an order that waits for its trigger."""
        return self.place(side, quantity, price, order_type, trigger_price).order_id

    def do(self, command: Command) -> OrderState:
        answer = self.client.command(command)
        assert isinstance(answer, OrderState), answer
        return answer

    def save(self) -> BookSaved:
        result = self.client.query(SaveBook(self.symbol)).result
        assert isinstance(result, BookSaved), result
        return result

    def saved(self) -> Json:
        content: Json = json.loads(self.file.read_text())
        return content

    def load(self) -> BookLoaded:
        answer = self.client.command(LoadBook(self.symbol))
        assert isinstance(answer, BookLoaded), answer
        return answer

    def refuse(self) -> CommandRefused:
        """What is said of a file that cannot be loaded."""
        answer = self.client.command(LoadBook(self.symbol))
        assert isinstance(answer, CommandRefused), answer
        return answer

    def order(self, order_id: int) -> OrderState:
        result = self.client.query(OrderQuery(order_id)).result
        assert isinstance(result, OrderState)
        return result

    def orders(self) -> list[OrderState]:
        page = self.client.query(OrdersQuery(self.symbol, limit=1000)).result
        assert isinstance(page, OrderPage)
        # A load puts each order in its place again: that is its last change.
        return [replace(state, updated_sequence=0, updated=0) for state in page.orders]

    def depth(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        depth = self.client.query(DepthQuery(self.symbol, 1000)).result
        assert isinstance(depth, Depth)
        return depth.bids, depth.asks

    def makers_of(self, quantity: int, side: Side) -> list[int]:
        """Whom an order that takes this much meets, in order."""
        return [trade.maker_order_id for trade in self.place(side, quantity, None, OrderType.MARKET).trades]

    def last_trade_id(self) -> int:
        history = self.client.query(TradesQuery(self.symbol, 1)).result
        assert isinstance(history, TradeHistory)
        return history.trades[0].trade_id if history.trades else 0


def fill(market: Market) -> dict[str, int]:
    """A book with queues, a partial fill, pending orders of each kind, client ids and two accounts; the ids by what
    they are."""
    ids = {
        "first ask": market.rest(SELL, 100, 10_100),
        "second ask": market.rest(SELL, 200, 10_100, client_order_id="second", account=market.other_account),
        "far ask": market.rest(SELL, 300, 10_500),
        "first bid": market.rest(BUY, 500, 9_900, client_order_id="bid"),
        "second bid": market.rest(BUY, 600, 9_900),
        "taker": market.rest(SELL, 50, 9_900),
        "stop": market.wait(BUY, 70, OrderType.STOP_LIMIT, 10_600, 10_700),
        "other stop": market.wait(SELL, 80, OrderType.STOP_MARKET, 9_000),
        "profit": market.wait(SELL, 90, OrderType.TAKE_PROFIT, 11_000),
    }
    assert market.order(ids["first bid"]).status is OrderStatus.PARTIALLY_FILLED
    return ids
