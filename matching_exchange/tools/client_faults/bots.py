"""A bot of the Binance dialect. Where an outcome stays unknown it looks the order up, as the venue's documents say."""

import time
from random import Random
from threading import Event
from typing import Any, Final

from msgspec import Struct

from matching_exchange.tools.client_faults.api import WINDOW, Answer, Call, Parameters, Rest, Signer, Socket, now
from matching_exchange.tools.client_faults.drawing import Drawing, smaller
from matching_exchange.tools.client_faults.evidence import FINAL, How, Look, Renamed, Sent, Unknown, look_of
from matching_exchange.tools.torture.clients import PATIENCE, UnansweredError

LIVE_ORDERS: Final = 30
"""With more live orders than that a bot cancels before it places more."""

MAX_BURST: Final = 5

RETRY_SECONDS: Final = 0.05

SLACK: Final = 200
"""Milliseconds after a call's window before a look-up that finds nothing is final."""

ACTIONS: Final = {"place": 50, "burst": 8, "oco": 4, "far": 5, "cancel": 16, "replace": 6, "amend": 6, "look": 5}
"""How often each comes, in proportion."""

OTHER_FAULT: Final = "another 5xx, or a key that is not known"
UNRESOLVED: Final = "an unknown outcome that no look-up resolves"

NO_SUCH_ORDER: Final = -2013
SMALLEST: Final = "0.01"
"""The smallest quantity: such an order is not amended."""


class Live(Struct):
    """An order that may live. name: the client id that it bears now."""

    symbol: str
    order_id: int
    name: str
    quantity: str
    sent: Sent


class Bot:
    """Sends one call after the other until it is stopped, and pauses about `pause` seconds between two."""

    def __init__(self, account: str, port: int, signer: Signer, seed: int, pause: float) -> None:
        self.account = account
        self._random = Random(f"{seed} {account}")
        self._drawing = Drawing(self._random)
        self._rest = Rest(port, signer, self._tell_fault)
        self._socket = Socket(port, signer, self._tell_fault)
        self._pause = pause
        self._number = 0
        self._live: list[Live] = []
        self.sent: list[Sent] = []
        self.renamed: list[Renamed] = []
        self.unknown: list[Unknown] = []
        self.looks: list[Look] = []
        self.faults: list[tuple[str, str]] = []
        self.answered = 0
        self.again = 0

    def run(self, stop: Event) -> None:
        """UnansweredError where no answer comes for a long time."""
        try:
            while not stop.is_set():
                action = "cancel" if len(self._live) > LIVE_ORDERS else self._drawing.choose(ACTIONS)
                self._act(action)
                if self._pause:
                    time.sleep(self._random.uniform(0, 2 * self._pause))
        finally:
            self.close()

    def close(self) -> None:
        self._rest.close()
        self._socket.close()

    def farewell(self, symbol: str) -> int:
        """Place an order that nobody meets, and cancel it. Its order_id: what comes before it on the account's stream
        is all that the bot has done."""
        while True:
            sent = self._new()
            self._place(self._drawing.far(symbol, sent.name), [sent])
            if sent.order_id is not None:
                self._cancel(self._live[-1])
                return sent.order_id

    def _tell_fault(self, what: str) -> None:
        self.faults.append((OTHER_FAULT, f"{self.account}: {what}"))

    def _act(self, action: str) -> None:
        symbol = self._drawing.symbol()
        if action in ("cancel", "replace", "amend", "look") and self._live:
            live = self._random.choice(self._live)
            {"cancel": self._cancel, "replace": self._replace, "amend": self._amend, "look": self._look}[action](live)
            return
        if action == "burst":
            self._burst(symbol)
            return
        sent = self._new()
        if action == "oco":
            other = self._new()
            self._place(self._drawing.oco(symbol, sent.name, other.name), [sent, other])
        elif action == "far":
            self._place_blindly(self._drawing.far(symbol, sent.name), sent)
        else:
            self._place(self._drawing.new(symbol, sent.name), [sent])

    def _new(self) -> Sent:
        self._number += 1
        self.sent.append(Sent(self.account, f"{self.account}-{self._number}"))
        return self.sent[-1]

    def _call(self, call: Call) -> Answer:
        """One attempt, over any of the ways."""
        way = self._random.choice(("query", "form", "socket"))
        if way == "socket":
            (answer,) = self._socket.call([call])
        else:
            answer = self._rest.call(call, as_form=way == "form" and call.method != "GET")
        if not answer.is_unknown and answer.outcome != "not_taken":
            self.answered += 1
        return answer

    # New orders

    def _place(self, call: Call, sents: list[Sent]) -> None:
        """Send the call, and once more under the same ids where a look-up has found that it was not taken."""
        self._take(call, sents, self._call(call), again=self._random.random() < 0.5)

    def _take(self, call: Call, sents: list[Sent], answer: Answer, *, again: bool) -> None:
        if answer.outcome == "taken":
            self._entered(call, sents, answer.said)
        elif answer.is_unknown and not self._resolve(call, sents, answer) and again:
            self.again += 1
            self._take(call, sents, self._call(call), again=False)

    def _burst(self, symbol: str) -> None:
        """Several orders on one connection, without waiting for answers."""
        sents = [self._new() for _ in range(self._random.randint(2, MAX_BURST))]
        calls = [self._drawing.new(symbol, sent.name) for sent in sents]
        for call, sent, answer in zip(calls, sents, self._socket.call(calls), strict=True):
            self.answered += answer.outcome in ("taken", "refused")
            self._take(call, [sent], answer, again=False)

    def _place_blindly(self, call: Call, sent: Sent) -> None:
        """Send an order that cannot trade again and again under its id, without any look-up, until it is answered.

        A refusal is about the last attempt alone: then a look-up tells what became of those before.
        """
        deadline = time.monotonic() + PATIENCE
        notes: list[Unknown] = []
        while (answer := self._call(call)).outcome not in ("taken", "refused"):
            if answer.is_unknown:
                notes.append(self._note(call, sent.name, answer))
                self.again += 1
            self._check_patience(deadline, sent.name)
            time.sleep(RETRY_SECONDS)
        if answer.outcome == "taken":
            self._entered(call, [sent], answer.said)
        elif notes:
            self._look_until_certain(call, [sent])
        for each in notes:
            each.found = "absent" if sent.order_id is None else "placed"

    def _entered(self, call: Call, sents: list[Sent], said: dict[str, Any]) -> None:
        """The orders of an answer, or of a look-up."""
        told = {each["clientOrderId"]: each["orderId"] for each in said.get("orders", [said])}
        symbol, quantity = str(call.parameters["symbol"]), str(call.parameters["quantity"])
        for sent in sents:
            sent.order_id = order_id = told[sent.name]
            self._live.append(Live(symbol, order_id, sent.name, quantity, sent))

    def _resolve(self, call: Call, sents: list[Sent], answer: Answer) -> bool:
        """Look the orders up; whether they were placed."""
        notes = [self._note(call, sent.name, answer) for sent in sents]
        self._look_until_certain(call, sents)
        for sent, note in zip(sents, notes, strict=True):
            note.found = "absent" if sent.order_id is None else "placed"
        return sents[0].order_id is not None

    def _look_until_certain(self, call: Call, sents: list[Sent]) -> None:
        """Look orders up that were sent until now. That one is not found is final when its window is over."""
        at = now()
        while True:
            too_late = now() > at + WINDOW + SLACK
            for sent in sents:
                if sent.order_id is None:
                    self._find(call, sent)
            if too_late or all(sent.order_id is not None for sent in sents):
                return
            time.sleep(RETRY_SECONDS)

    def _find(self, call: Call, sent: Sent) -> None:
        symbol = str(call.parameters["symbol"])
        view = self._look_up(symbol, {"origClientOrderId": sent.name})
        if view is not None:
            self._entered(call, [sent], view)

    def _note(self, call: Call, name: str, answer: Answer) -> Unknown:
        how: How = "timeout" if answer.outcome == "timeout" else "cut"
        self.unknown.append(Unknown(self.account, name, call.name, how))
        return self.unknown[-1]

    # Orders that live

    def _cancel(self, live: Live) -> None:
        """Cancel it until that is answered. Looked up after an unknown outcome, it is sent again where it lives."""
        parameters: Parameters = {"symbol": live.symbol, "origClientOrderId": live.name, "recvWindow": WINDOW}
        self._until_answered(Call("DELETE", "order", "order.cancel", parameters), live)
        self._live.remove(live)

    def _until_answered(self, call: Call, live: Live) -> Answer | None:
        """The answer; None where a look-up shows that the order has ended."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._call(call)
            if answer.outcome in ("taken", "refused"):
                return answer
            if answer.is_unknown:
                note = self._note(call, live.name, answer)
                view = self._look_up(live.symbol, {"origClientOrderId": live.name})
                if view is None:
                    self.faults.append((UNRESOLVED, f"{live.name}, order {live.order_id}, is not found"))
                    return None
                ended = view["status"] in FINAL
                note.found = "changed" if ended else "unchanged"
                if ended:
                    return None
            self._check_patience(deadline, live.name)
            time.sleep(RETRY_SECONDS)

    def _replace(self, live: Live) -> None:
        sent = self._new()
        parameters = {
            **self._drawing.order(live.symbol, sent.name),
            "cancelReplaceMode": self._random.choice(("STOP_ON_FAILURE", "ALLOW_FAILURE")),
            "cancelOrigClientOrderId": live.name,
        }
        call = Call("POST", "order/cancelReplace", "order.cancelReplace", parameters)
        answer = self._call(call)
        if answer.outcome == "taken":
            self._entered(call, [sent], answer.said["newOrderResponse"])
        elif answer.outcome == "refused":
            parts = answer.said.get("data")
            if parts is not None and parts["newOrderResult"] == "SUCCESS":
                self._entered(call, [sent], parts["newOrderResponse"])
        elif answer.is_unknown:
            self._resolve(call, [sent], answer)

    def _amend(self, live: Live) -> None:
        """Make it smaller and give it another name."""
        if live.quantity == SMALLEST:
            return
        self._number += 1
        renamed = Renamed(self.account, f"{live.sent.name}-a{self._number}")
        self.renamed.append(renamed)
        quantity = smaller(live.quantity)
        parameters: Parameters = {
            "symbol": live.symbol,
            "origClientOrderId": live.name,
            "newQty": quantity,
            "newClientOrderId": renamed.name,
            "recvWindow": WINDOW,
        }
        call = Call("PUT", "order/amend/keepPriority", "order.amend.keepPriority", parameters)
        answer = self._call(call)
        renamed.taken = answer.outcome == "taken"
        if answer.is_unknown:
            renamed.taken = self._was_renamed(call, live, renamed, answer)
        if renamed.taken:
            live.name, live.quantity = renamed.name, quantity

    def _was_renamed(self, call: Call, live: Live, renamed: Renamed, answer: Answer) -> bool:
        """Whether the amend was taken, once it is certain."""
        note, at = self._note(call, renamed.name, answer), now()
        while True:
            too_late = now() > at + WINDOW + SLACK
            view = self._look_up(live.symbol, {"orderId": live.order_id})
            if view is None:
                self.faults.append((UNRESOLVED, f"{live.name}, order {live.order_id}, is not found"))
                return False
            changed: bool = view["clientOrderId"] == renamed.name
            note.found = "changed" if changed else "unchanged"
            if changed or too_late or view["status"] in FINAL:
                return changed
            time.sleep(RETRY_SECONDS)

    def _look(self, live: Live) -> None:
        view = self._look_up(live.symbol, {"origClientOrderId": live.name})
        if view is None:
            self.faults.append((UNRESOLVED, f"{live.name}, order {live.order_id}, is not found"))
        if view is None or view["status"] in FINAL:
            self._live.remove(live)

    def _look_up(self, symbol: str, which: Parameters) -> dict[str, Any] | None:
        """The order; None where there is none. UnansweredError where no answer comes."""
        deadline = time.monotonic() + PATIENCE
        call = Call("GET", "order", "order.status", {"symbol": symbol, **which})
        while True:
            answer = self._call(call)
            if answer.outcome == "taken":
                view: dict[str, Any] = answer.said
                self.looks.append(look_of(self.account, view))
                return view
            if answer.code == NO_SUCH_ORDER:
                return None
            self._check_patience(deadline, str(which))
            time.sleep(RETRY_SECONDS)

    def _check_patience(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            raise UnansweredError(f"{self.account}, {what}: no answer in {PATIENCE:g} seconds")
