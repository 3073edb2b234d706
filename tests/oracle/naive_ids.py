"""Who bears which client_order_id in the naive engine, and how a command names an order.

Ids that are unique for good are those that an order was sent with or got by an amend. An open-only id leads to the
order that took it last, while that one still bears it.
"""

from protocol import commands
from protocol.units import DEFAULT_ACCOUNT, NAME_PATTERN, OnlyStatus, Reason, Refusal
from tests.oracle.naive_book import NaiveBook
from tests.oracle.naive_checks import RefusedError, check_name
from tests.oracle.naive_order import NaiveOrder


class NaiveIds(NaiveBook):
    def _find_known(self, account: str, client_order_id: str | None) -> NaiveOrder | None:
        """The order that has ever borne the id, of those with an id that is unique for good."""
        for order in self.orders if client_order_id else []:
            if order.account == account and not order.is_open_only and client_order_id in order.names:
                return order
        return None

    def _find_open_only(self, account: str, client_order_id: str | None) -> NaiveOrder | None:
        for order, name in reversed(self.taken_ids):
            if (order.account, name) == (account, client_order_id):
                return order if order.client_order_id == name else None
        return None

    def _find_by_id(self, account: str, client_order_id: str) -> NaiveOrder | None:
        """The live one, else the newest."""
        found = [find(account, client_order_id) for find in (self._find_known, self._find_open_only)]
        return max(
            (order for order in found if order is not None),
            key=lambda order: (not order.is_done, order.order_id),
            default=None,
        )

    def _take_id(self, order: NaiveOrder) -> None:
        """An open-only id leads to the order from now on."""
        if order.is_open_only and order.client_order_id is not None:
            self.taken_ids.append((order, order.client_order_id))

    def _check_id_free(self, account: str, client_order_id: str | None, *, open_only: bool) -> None:
        """Refuse an id that a live order bears."""
        holder = self._find_open_only(account, client_order_id)
        if holder is not None and not holder.is_done:
            raise RefusedError(Refusal.CLIENT_ORDER_ID_IN_USE if open_only else Refusal.CLIENT_ORDER_ID_CONFLICT)
        known = self._find_known(account, client_order_id)
        if open_only and known is not None and not known.is_done and known.client_order_id == client_order_id:
            raise RefusedError(Refusal.CLIENT_ORDER_ID_IN_USE)

    def _check_rename(self, order: NaiveOrder, name: str | None) -> None:
        field = "new_client_order_id"
        if name is not None and not NAME_PATTERN.fullmatch(name):
            raise RefusedError(Refusal.INVALID_NAME, field)
        if name in (None, order.client_order_id):
            return
        if not order.is_open_only and self._find_known(order.account, name) is not None:
            raise RefusedError(Refusal.CLIENT_ORDER_ID_CONFLICT, field)
        try:
            self._check_id_free(order.account, name, open_only=order.is_open_only)
        except RefusedError as error:
            raise RefusedError(error.args[0], field) from error

    def _rename(self, order: NaiveOrder, name: str | None) -> tuple[str | None, str | None]:
        """Give the order the id; the new one and the one before, if it is another."""
        before = order.client_order_id
        if name in (None, before):
            return None, None
        order.names.append(name)
        self._take_id(order)
        return name, before

    def _find_live(self, command: commands.CancelOrder | commands.AmendOrder) -> NaiveOrder:
        found = None
        if command.order_id is not None:
            same = [order for order in self.orders if order.order_id == command.order_id]
            found = next((order for order in same if command.account in (None, order.account)), None)
        elif command.client_order_id is not None:
            found = self._find_by_id(command.account or DEFAULT_ACCOUNT, command.client_order_id)
        if found is None or not _agrees(found, command):
            raise RefusedError(Refusal.UNKNOWN_ORDER)
        if found.is_done:
            raise RefusedError(Refusal.ORDER_NOT_OPEN)
        return found

    def _cancel_named(self, command: commands.CancelOrder) -> None:
        check_name("cancel_client_order_id", command.cancel_client_order_id)
        order = self._find_live(command)
        if command.only_status is not None and (command.only_status is OnlyStatus.PARTIALLY_FILLED) != bool(
            order.filled
        ):
            raise RefusedError(Refusal.CANCEL_RESTRICTED)
        self._cancel_id = command.cancel_client_order_id
        self._cancel(order, Reason.REQUESTED)


def _agrees(order: NaiveOrder, command: commands.CancelOrder | commands.AmendOrder) -> bool:
    """A cancel with a symbol is of an order of this symbol, and of this id if it has one."""
    if isinstance(command, commands.AmendOrder) or command.symbol is None:
        return True
    same_id = command.client_order_id is None or command.client_order_id == order.client_order_id
    return command.symbol == order.entered.symbol and same_id
