"""What all calls of a worker share, and what one call has of its own."""

from msgspec import Struct
from starlette.types import Scope

from gateway.access.caller import Caller
from gateway.access.keys import KeyStore
from gateway.binance.counts import Counts
from gateway.binance.gate import Gate
from gateway.binance.listen_keys import ListenKeys
from gateway.binance.symbols import Symbols
from gateway.binance.times import MILLISECOND
from gateway.exchange.exchange import Exchange
from gateway.exchange.past import PastMarket
from gateway.http.callers import address_of
from gateway.link.feed import Feed
from gateway.link.matcher_link import MatcherLink
from protocol.units import SelfTradePrevention


class Desk(Struct, frozen=True):
    """One for each worker.

    prevention: the self-trade prevention of orders that name none.
    listen_keys: None where there are none.
    """

    exchange: Exchange
    symbols: Symbols
    gate: Gate
    keys: KeyStore
    counts: Counts
    broker: MatcherLink
    feed: Feed
    past: PastMarket
    prevention: SelfTradePrevention
    listen_keys: ListenKeys | None = None


class Context:
    """One call.

    exchange: the use cases, on behalf of its caller where it has one.
    unit: the nanoseconds of one unit of the times that it is told.
    """

    __slots__ = ("_account", "address", "caller", "desk", "exchange", "scope", "unit")

    def __init__(self, desk: Desk, scope: Scope, caller: Caller | None = None, unit: int = MILLISECOND) -> None:
        self.desk = desk
        self.scope = scope
        self.caller = caller
        self.unit = unit
        self.address = address_of(scope)
        self.exchange = desk.exchange
        self._account: str | None = None
        if caller is not None:
            self.exchange = desk.exchange.on_behalf(caller.confirm, caller.deadline)
            self._account = caller.account(None)

    @property
    def account(self) -> str:
        """The account of the caller. Only calls with a key have one."""
        assert self._account is not None, "the row asks for a key"
        return self._account

    def time(self, nanoseconds: int) -> int:
        """A time as the caller is told it."""
        return nanoseconds // self.unit
