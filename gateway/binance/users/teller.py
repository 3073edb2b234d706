"""Makes the events of one account from its updates: reports of its orders, then of its lists, then its balances."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from gateway.binance.symbols import joined
from gateway.binance.users.balances import Wallet
from gateway.binance.users.reports import REPORTED, Change, report
from gateway.binance.views.lists import ALL_DONE, EXEC_STARTED, EXECUTING, list_client_id
from gateway.binance.views.orders import client_id
from gateway.http.responses import encode
from gateway.link.answers import Stamped
from gateway.streams.user_history import LIVE, OpenOrders
from protocol.events import (
    AccountUpdate,
    OrderAmended,
    OrderChange,
    OrderPlaced,
    OrderState,
    OrderTriggered,
    Trade,
)
from protocol.instrument import Instrument
from protocol.order_types import WAITS
from protocol.running_totals import running_totals

UPDATED: Final = "UPDATED"

Json = dict[str, Any]


class Teller:
    """`sequence`: what it begins with is as of this command. `ended`: the legs of open lists that have ended before.
    `wallets`: as in Wallet."""

    def __init__(
        self,
        unit: int,
        start: Stamped[OpenOrders],
        ended: Iterable[OrderState],
        wallets: Callable[[], Iterable[Wallet]] | None = None,
    ) -> None:
        self._unit = unit
        self.sequence = start.sequence
        self.wallet = Wallet(start.value.balances.values(), ledger=start.value.ledger, beside=wallets)
        # The client ids of the legs of lists that are open.
        self._lists: dict[int, dict[int, str]] = {}
        for state in chain(start.value.orders, ended):
            self._note_leg(state)

    def tell(self, update: AccountUpdate, instruments: Mapping[str, Instrument]) -> list[bytes]:
        """The events of an update, in order; none for one that the beginning holds."""
        if update.sequence <= self.sequence:
            return []
        self.sequence = update.sequence
        orders = {state.order_id: state for state in update.orders}
        for state in update.orders:
            self._note_leg(state)
        changes = list(self._changes(update, orders, instruments))
        events = [report(update, change, self._time) for change in changes]
        events += self._list_events(update, [change.state for change in changes], instruments)
        events += self._balance_events(update, changes)
        return [encode(event) for event in events]

    def _time(self, nanoseconds: int) -> int:
        return nanoseconds // self._unit

    def _changes(
        self, update: AccountUpdate, orders: Mapping[int, OrderState], instruments: Mapping[str, Instrument]
    ) -> Iterator[Change]:
        """The changes that make a report."""
        all_changes = update.changes
        last_trades = {each.order_id: place for place, each in enumerate(all_changes) if isinstance(each.event, Trade)}
        fires = {
            each.order_id: place for place, each in enumerate(all_changes) if isinstance(each.event, OrderTriggered)
        }
        for place, (each, totals) in enumerate(zip(all_changes, running_totals(update), strict=True)):
            if not isinstance(each.event, REPORTED):
                continue
            state = orders[each.order_id]
            change = Change(each, state, instruments[state.symbol], totals, place)
            change.is_last_trade = last_trades.get(each.order_id) == place
            change.is_maker = _is_maker(each)
            change.waits = WAITS[state.order_type] and (
                state.working_since is None or fires.get(each.order_id, -1) > place
            )
            yield change

    def _note_leg(self, state: OrderState) -> None:
        if state.oco_id is not None:
            self._lists.setdefault(state.oco_id, {})[state.order_id] = client_id(state)

    def _list_events(
        self, update: AccountUpdate, changed: list[OrderState], instruments: Mapping[str, Instrument]
    ) -> Iterator[Json]:
        legs: dict[int, dict[int, OrderState]] = {}
        for state in changed:
            if state.oco_id is not None:
                legs.setdefault(state.oco_id, {})[state.order_id] = state
        placed = {change.order_id for change in update.changes if isinstance(change.event, OrderPlaced)}
        amended = {change.order_id for change in update.changes if isinstance(change.event, OrderAmended)}
        for number, found in legs.items():
            one = next(iter(found.values()))
            symbol = joined(instruments[one.symbol])
            if placed & found.keys():
                yield self._list_event(update, number, one, symbol, EXEC_STARTED, EXECUTING)
            if all(state.status not in LIVE for state in found.values()):
                yield self._list_event(update, number, one, symbol, ALL_DONE, ALL_DONE)
                del self._lists[number]
            elif amended & found.keys():
                yield self._list_event(update, number, one, symbol, UPDATED, EXECUTING)

    def _list_event(
        self, update: AccountUpdate, number: int, leg: OrderState, symbol: str, kind: str, status: str
    ) -> Json:
        return {
            "e": "listStatus",
            "E": self._time(update.timestamp),
            "s": symbol,
            "g": number,
            "c": "OCO",
            "l": kind,
            "L": status,
            "r": "NONE",
            "C": list_client_id(leg),
            "T": self._time(update.timestamp),
            "O": [{"s": symbol, "i": order, "c": name} for order, name in sorted(self._lists[number].items())],
        }

    def _balance_events(self, update: AccountUpdate, changes: list[Change]) -> Iterator[Json]:
        time = self._time(update.timestamp)
        part = update.balances
        if part is None:
            assets = {asset for each in changes for asset in (each.instrument.base, each.instrument.quote)}
            if assets and not self.wallet.ledger:
                yield self._position(time, sorted(assets))
            return
        moved = self.wallet.take(part)
        if not changes:
            for asset, delta in moved:
                yield {"e": "balanceUpdate", "E": time, "a": asset, "d": delta, "T": time}
        yield self._position(time, sorted(balance.asset for balance in part.balances))

    def _position(self, time: int, assets: list[str]) -> Json:
        return {"e": "outboundAccountPosition", "E": time, "u": time, "B": self.wallet.view(assets)}


def _is_maker(change: OrderChange) -> bool:
    """Whether the order of a trade stood in the book."""
    event = change.event
    return isinstance(event, Trade) and event.maker_order_id == change.order_id
