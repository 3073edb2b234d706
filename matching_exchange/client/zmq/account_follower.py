"""An account's own stream: its open orders at first, then each change, once and in order, over losses and restarts.

The matcher keeps the last updates of an account that it is told to watch. Each names the one before it. What is missing
is asked for. Where the matcher keeps it no more, a hole is told, and the open orders are told anew.
"""

from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from msgspec import Struct

from matching_exchange.client.zmq.followers import MESSAGES_WAITING, Desk, Follower, Tell
from matching_exchange.client.zmq.link import Outcome
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.steps import Known
from protocol.commands import AccountUpdatesQuery, BalancesQuery, InstrumentsQuery, OrdersQuery, WatchAccount
from protocol.events import (
    AccountState,
    AccountUpdate,
    AccountUpdates,
    AssetBalance,
    Balances,
    CommandRefused,
    OrderPage,
    OrderState,
    QueryResult,
)
from protocol.session import Answered
from protocol.units import OrderStatus

PAGE_ORDERS: Final = 1_000
"""Orders that one question asks for."""

LIVE: Final = frozenset({OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})


class Beginning(Struct):
    """The account as of `sequence`.

    orders: open and pending, by order_id. balances: by asset. again: whether something was told before.
    """

    account: str
    again: bool
    first: int = 0
    sequence: int = 0
    timestamp: int = 0
    suspended: bool = False
    cancel_at: int | None = None
    ledger: bool = False
    orders: dict[int, OrderState] = {}
    balances: dict[str, AssetBalance] = {}

    def read_at(self, sequence: int) -> None:
        """A part was read as of this sequence."""
        self.first = min(self.first, sequence) if self.first else sequence

    def overlay(self, update: AccountUpdate) -> None:
        """The last update since the first part tells a state, whether its part is older or newer."""
        for state in update.orders:
            self.orders[state.order_id] = state
        if update.account_set is not None:
            self.suspended, self.cancel_at = update.account_set.suspended, update.account_set.cancel_at
        if update.balances is not None:
            self.ledger = update.balances.ledger
            if not self.ledger:
                self.balances.clear()
            self.balances.update((balance.asset, balance) for balance in update.balances.balances)


class AccountFollower(Follower):
    """`hear` takes a beginning, then each update. All symbols are among the `known` ones then. `again`: another
    follower has told something before. `on_refused` hears that the matcher watches no such account."""

    def __init__(
        self,
        account: str,
        desk: Desk,
        known: Known,
        hear: Callable[[Beginning | AccountUpdate], None],
        tell: Tell,
        *,
        again: bool = False,
    ) -> None:
        super().__init__(desk, tell)
        self.on_refused: Callable[[CommandRefused], None] | None = None
        self.account = account
        self._known = known
        self._hear = hear
        self._watched = False
        # Everything up to it was told. None before the beginning.
        self._position: int | None = None
        # Sequence and time of the last update that was told: another matcher must know it.
        self._told: tuple[int, int] | None = None
        self._verify = False
        self._waiting: deque[AccountUpdate] = deque(maxlen=MESSAGES_WAITING)
        self._coming = Beginning(account, again=False)
        self._begun = again

    def receive(self, update: AccountUpdate) -> None:
        """Take in a published update."""
        self.heard()
        position = self._position
        if position is not None and update.sequence <= position:
            return
        self._waiting.append(update)
        if not self._asking:
            self._join()
            if self._waiting:
                self.check()

    def connection(self, state: ConnectionState) -> None:
        self._verify = self._verify or state.state == "open"
        super().connection(state)

    def forget(self) -> None:
        self._begin_anew("the exchange has another history than before")

    def _begin_anew(self, detail: str) -> None:
        if self._position is not None:
            self._tell(Hole("account", self.account, self._position, None, detail))
        self._position = self._told = None
        self._watched = self._verify = False
        self._ask_again = True

    def _ask(self) -> None:
        if not self._watched:
            self._desk.command(WatchAccount(self.account), self._watching)
        elif self._position is None:
            self._coming = Beginning(self.account, again=self._begun)
            self._desk.ask(BalancesQuery(self.account), self._balances)
        else:
            after, told = self._position, self._told
            verify = self._verify and told is not None
            self._verify = False
            if verify and told is not None:
                after = told[0] - 1
            self._ask_updates(after, lambda result: self._missed(result, verify=verify))

    def _watching(self, outcome: Outcome) -> None:
        answer = outcome.answer if isinstance(outcome, Answered) else None
        self._watched = isinstance(answer, AccountState)
        if isinstance(answer, CommandRefused) and self.on_refused is not None:
            self.on_refused(answer)
        # Without an answer the next tick tries again.
        self._answered(more=self._watched)

    # The beginning: balances, pages of orders, and the updates since the first of these.

    def _balances(self, result: QueryResult) -> None:
        found, coming = result.result, self._coming
        assert isinstance(found, Balances), "nothing else answers a BalancesQuery"
        coming.read_at(result.sequence)
        coming.ledger = found.ledger
        coming.balances.update((balance.asset, balance) for balance in found.balances)
        self._ask_orders(0)

    def _ask_orders(self, after: int) -> None:
        self._desk.ask(OrdersQuery(account=self.account, limit=PAGE_ORDERS, after=after), self._page)

    def _page(self, result: QueryResult) -> None:
        page, coming = result.result, self._coming
        assert isinstance(page, OrderPage), "nothing else answers an OrdersQuery"
        coming.read_at(result.sequence)
        coming.suspended, coming.cancel_at = page.suspended, page.cancel_at
        coming.orders.update((state.order_id, state) for state in page.orders)
        if page.next is not None:
            self._ask_orders(page.next)
        else:
            self._ask_updates(coming.first, self._brought_up)

    def _brought_up(self, result: QueryResult) -> None:
        missed, coming = result.result, self._coming
        assert isinstance(missed, AccountUpdates), "nothing else answers an AccountUpdatesQuery"
        if not (missed.watched and missed.complete):
            self._watched = missed.watched
            self._answered(more=True)
            return
        for update in missed.updates:
            coming.overlay(update)
        if missed.next is not None:
            self._ask_updates(missed.next, self._brought_up)
            return
        coming.sequence, coming.timestamp = result.sequence, result.timestamp
        coming.orders = {key: state for key, state in sorted(coming.orders.items()) if state.status in LIVE}
        self._when_known(coming.orders.values(), self._begin)

    def _begin(self) -> None:
        self._position = self._coming.sequence
        self._begun = True
        self._hear(self._coming)
        self._has_begun()
        self._go_on()

    # Afterwards: what was missed.

    def _ask_updates(self, after: int, found: Callable[[QueryResult], None]) -> None:
        self._desk.ask(AccountUpdatesQuery(self.account, after), found)

    def _missed(self, result: QueryResult, *, verify: bool) -> None:
        missed, position = result.result, self._position
        assert isinstance(missed, AccountUpdates), "nothing else answers an AccountUpdatesQuery"
        if position is None:
            self._answered(more=True)
        elif result.sequence < position or (verify and missed.complete and not self._begins_with_told(missed)):
            self._begin_anew("the exchange has lost what it had told")
            self._answered()
        elif not missed.watched:
            self._begin_anew("the account was not watched for a time")
            self._answered()
        elif not missed.complete:
            self._begin_anew("the matcher keeps no update so old")
            self._answered()
        else:
            states = [state for update in missed.updates for state in update.orders]
            self._when_known(states, lambda: self._take(missed, result.sequence))

    def _begins_with_told(self, missed: AccountUpdates) -> bool:
        first = missed.updates[0] if missed.updates else None
        return first is not None and (first.sequence, first.timestamp) == self._told

    def _take(self, missed: AccountUpdates, sequence: int) -> None:
        for update in missed.updates:
            if self._position is not None and update.sequence > self._position:
                self._deliver(update)
        if missed.next is not None:
            self._ask_again = True
        elif self._position is not None:
            self._position = max(self._position, sequence)
        self._go_on()

    def _go_on(self) -> None:
        before = self._position
        self._join()
        self._answered(more=bool(self._waiting) and self._position != before)

    def _join(self) -> None:
        """Tell the updates that wait, up to the first hole or the first unknown instrument."""
        while self._waiting and self._position is not None:
            update = self._waiting[0]
            if update.sequence > self._position:
                if update.previous > self._position or self._known.lacks(update.orders):
                    return
                self._deliver(update)
            self._waiting.popleft()

    def _deliver(self, update: AccountUpdate) -> None:
        self._position = update.sequence
        self._told = update.sequence, update.timestamp
        self._hear(update)

    def _when_known(self, states: Collection[OrderState], then: Callable[[], None]) -> None:
        """Go on as soon as all instruments are known."""
        if not self._known.lacks(states):
            then()
            return

        def found(result: QueryResult) -> None:
            self._known.learn(result.result)
            then()

        self._desk.ask(InstrumentsQuery(), found)
