"""What one client sends: a seeded mix of new orders, changes of them, batches, timers, repeats, look-ups and money."""

from collections import deque
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final, Literal

from msgspec import Struct, structs

from matching_exchange.tools.torture.drawing import MARKET_OF, Drawing, Market, price_text
from matching_exchange.tools.torture.evidence import Key, amend_name
from matching_exchange.tools.torture.purse import MONEY, Purse
from matching_exchange.tools.torture.requests import Call, Request, encode
from protocol.instrument import format_decimal
from protocol.units import STOP_LEG_SUFFIX

LIVE_ORDERS: Final = 50
"""A client may cancel or amend its last orders, up to this number."""

KNOWN_ORDERS: Final = 200
"""A client may look up or repeat its last orders, up to this number."""

ACTIONS: Final = {
    "place": 52,
    "too_small": 2,
    "repeat": 4,
    "oco": 5,
    "replace": 5,
    "amend": 10,
    "batch": 4,
    "cancel": 10,
    "cancel_batch": 2,
    "cancel_all": 1,
    "cancel_after": 3,
    "look_up": 9,
}
SWITCHING: Final = {"suspend": 6, "resume": 14}
"""How often each comes, in proportion; SWITCHING only in the flow of an account that is suspended now and then. An
account with a purse has the actions of MONEY too."""

MAX_BATCH: Final = 6
"""The most requests in one call."""

TIMEOUTS: Final = (100, 2_000)
"""The shortest and longest cancel-after, in milliseconds."""

LIVE: Final = ("open", "partially_filled", "pending")


class LiveOrder(Struct, frozen=True):
    """An order that rested or waited when it was answered. `name` is its client_order_id."""

    name: str
    order_id: str
    market: Market
    side: str
    order_type: str


class Flow:
    """The requests of one client. `placed` and `moved` tell it what became of them.

    peers: the other accounts that have money; None for an account without, which trades without limit.
    """

    def __init__(self, seed: str, account: str, *, switching: bool = False, peers: Sequence[str] | None = None) -> None:
        self.account = account
        self._random = Random(seed)
        self._drawing = Drawing(self._random)
        self._purse = None if peers is None else Purse(account, peers, self._random)
        self._actions = {**ACTIONS, **(SWITCHING if switching else {}), **({} if peers is None else MONEY)}
        self._number = 0
        self._live: deque[LiveOrder] = deque(maxlen=LIVE_ORDERS)
        self._known: deque[Request] = deque(maxlen=KNOWN_ORDERS)
        self._amended: set[Key] = set()

    def next(self) -> Call:
        """The next call."""
        opening = None if self._purse is None else self._purse.opening()
        if opening is not None:
            return Call([opening])
        action = self._drawing.choose(self._actions)
        if self._purse is not None and action in MONEY:
            return Call([self._purse.next(action)])
        if action in ("repeat", "look_up") and self._known:
            known = self._random.choice(self._known)
            return Call([self._look_up(known) if action == "look_up" else _again(known)])
        if action in ("amend", "replace", "cancel", "cancel_batch") and self._live:
            return self._about_live_orders(action)
        if action == "cancel_all":
            symbol = self._drawing.market().symbol
            path = f"/orders?symbol={symbol}&account={self.account}"
            return Call([Request("cancel_all", Key("cancel_all", self.account, symbol), "DELETE", path, None)])
        if action == "cancel_after":
            return Call([self._cancel_after(self._random.choice((0, self._random.randint(*TIMEOUTS))))])
        if action == "suspend":
            return Call([self._switch("suspend")])
        if action == "resume":
            return Call([self._switch("resume")])
        if action == "oco":
            return Call([self._oco()])
        if action == "batch":
            return Call(
                [self._place(too_small=False) for _ in range(self._random.randint(1, MAX_BATCH))], is_batch=True
            )
        return Call([self._place(too_small=action == "too_small")])

    def farewell(self) -> Call:
        """The last call: after it, no timer of the account runs."""
        return Call([self._cancel_after(0)])

    def placed(self, request: Request, orders: Iterable[dict[str, Any]]) -> None:
        """The request was taken: these are its orders."""
        self._known.append(request)
        for order in orders:
            if order["status"] in LIVE:
                market = MARKET_OF[order["symbol"]]
                self._live.append(
                    LiveOrder(order["client_order_id"], order["order_id"], market, order["side"], order["order_type"])
                )

    def moved(self, request: Request) -> None:
        """The request has moved money."""
        assert self._purse is not None, "only a purse sends such"
        self._purse.moved(request)

    def _about_live_orders(self, action: str) -> Call:
        if action == "cancel_batch":
            orders = self._random.sample(self._live, min(len(self._live), self._random.randint(1, MAX_BATCH)))
            return Call([self._cancel(order) for order in orders], is_batch=True)
        order = self._random.choice(self._live)
        if action == "replace":
            return Call([self._replace(order)])
        return Call([self._amend(order) if action == "amend" else self._cancel(order)])

    def _look_up(self, known: Request) -> Request:
        name = known.name + self._random.choice(("", STOP_LEG_SUFFIX)) if known.kind == "oco" else known.name
        path = f"/orders/client:{name}?account={self.account}"
        return Request("look_up", known.key, "GET", path, None, name)

    def _cancel_after(self, milliseconds: int) -> Request:
        key = Key("cancel_after", self.account, str(milliseconds))
        path = f"/accounts/{self.account}/cancel-after"
        return Request("cancel_after", key, "POST", path, encode({"timeout_ms": milliseconds}))

    def _switch(self, kind: Literal["suspend", "resume"]) -> Request:
        return Request(kind, Key(kind, self.account, ""), "POST", f"/admin/accounts/{self.account}/{kind}", None)

    def _name(self, order: LiveOrder) -> str:
        return self._random.choice((f"client:{order.name}", order.order_id))

    def _cancel(self, order: LiveOrder) -> Request:
        named = self._name(order)
        path = f"/orders/{named}?account={self.account}"
        return Request("cancel", Key("cancel", self.account, named), "DELETE", path, None, order.name)

    def _amend(self, order: LiveOrder) -> Request:
        """Never the same twice: what the journal holds of it is this request, sent once or again."""
        while True:
            named, amended = self._name(order), self._drawing.amended(order.market, order.side, order.order_type)
            key = Key("amend", self.account, amend_name(named, amended.quantity, amended.price, amended.trigger_price))
            if key not in self._amended:
                break
        self._amended.add(key)
        body = {}
        if amended.quantity is not None:
            body["quantity"] = format_decimal(amended.quantity, order.market.quantity_decimals)
        if amended.price is not None:
            body["price"] = price_text(amended.price)
        if amended.trigger_price is not None:
            body["trigger_price"] = price_text(amended.trigger_price)
        return Request("amend", key, "PATCH", f"/orders/{named}?account={self.account}", encode(body), order.name)

    def _place(self, *, too_small: bool) -> Request:
        market = self._drawing.market()
        return self._new(
            "place", "/orders", self._drawing.too_small(market) if too_small else self._drawing.order(market)
        )

    def _oco(self) -> Request:
        return self._new("oco", "/orders/oco", self._drawing.oco(self._drawing.market()))

    def _replace(self, order: LiveOrder) -> Request:
        """Whatever becomes of the cancel, the new order is placed: then a repeat of the call finds it."""
        fields = self._named(self._drawing.order(order.market))
        body = {"cancel": {"order_id": self._name(order)}, "place": fields, "allow_failure": True}
        name = fields["client_order_id"]
        key = Key("replace", self.account, name)
        return Request("replace", key, "POST", "/orders/cancel-replace", encode(body), name)

    def _new(self, kind: Literal["place", "oco"], path: str, fields: dict[str, Any]) -> Request:
        named = self._named(fields)
        name = named["client_order_id"]
        return Request(kind, Key(kind, self.account, name), "POST", path, encode(named), name)

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields of a new order with the account and the next client_order_id."""
        self._number += 1
        return {**fields, "account": self.account, "client_order_id": f"{self.account}-{self._number}"}


def _again(known: Request) -> Request:
    return structs.replace(known, again=True)
