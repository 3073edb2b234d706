"""What a client makes of an account's stream: the account's orders, kept from what it is told, and proof that nothing
is missing."""

from typing import Any

from msgspec import convert

from gateway.native.json.user_messages import AccountOrders, AccountResumed, AccountUpdated

Json = dict[str, Any]

LIVE = ("open", "partially_filled", "pending")


class AccountView:
    """`orders` are the account's open orders as of `sequence`, by their ids; those of a client that comes back are the
    ones that it knew. `balances` are free and locked of each asset, None without a ledger or before a fresh start. `began` is the sequence of its last beginning, `since_beginning` are those of the updates after
    it."""

    def __init__(
        self,
        account: str,
        after: int | None = None,
        orders: dict[str, Json] | None = None,
        balances: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        self.account = account
        self.sequence = after
        self.orders = {} if orders is None else dict(orders)
        self.balances = None if balances is None else dict(balances)
        self.starts = 0
        self.resumed = 0
        self.updates: list[int] = []
        self.changes: list[Json] = []
        self.began = after
        self.since_beginning: list[int] = []
        self._more = False

    @property
    def complete(self) -> bool:
        """Whether no part of a fresh start is missing."""
        return not self._more

    def knows(self, sequence: int) -> bool:
        """Whether it knows everything up to the sequence."""
        return self.sequence is not None and self.complete and self.sequence >= sequence

    def take_in(self, message: Json) -> None:
        """The next message, which is as its schema says, and joins on to the one before it."""
        convert(message, AccountOrders | AccountResumed | AccountUpdated)
        assert message["account"] == self.account
        match message["type"]:
            case "orders":
                self._take_orders(message)
            case "resumed":
                assert (message["sequence"], self.updates) == (self.sequence, [])
                self.resumed += 1
            case "update":
                self._take_update(message)
        self.sequence = message["sequence"]

    def _take_orders(self, message: Json) -> None:
        assert message["resumed"] is False
        if self._more:
            assert message["sequence"] == self.sequence
        else:
            self.orders.clear()
            self.balances = {} if message["ledger"] else None
            self._take_balances(message)
            self.starts += 1
            self.began = message["sequence"]
            self.since_beginning.clear()
        found = {order["order_id"]: order for order in message["orders"]}
        assert len(found) == len(message["orders"])
        assert not self.orders.keys() & found.keys()
        self.orders.update(found)
        self._more = message["more"]

    def _take_update(self, message: Json) -> None:
        assert self.complete
        assert self.sequence is not None
        assert message["previous"] <= self.sequence < message["sequence"]
        self.updates.append(message["sequence"])
        self.since_beginning.append(message["sequence"])
        self.changes += message["changes"]
        if "ledger" in message:
            self._take_balances(message)
        for order in message["orders"]:
            if order["status"] in LIVE:
                self.orders[order["order_id"]] = order
            else:
                self.orders.pop(order["order_id"], None)

    def _take_balances(self, message: Json) -> None:
        if not message["ledger"]:
            assert message["balances"] == []
            self.balances = None
            return
        self.balances = {} if self.balances is None else self.balances
        for balance in message["balances"]:
            self.balances[balance["asset"]] = balance["free"], balance["locked"]
