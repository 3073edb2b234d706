"""Which shards a command or a query goes to: one table for all of them."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from protocol.commands import (
    AccountQuery,
    AccountsQuery,
    AccountUpdatesQuery,
    AccountVersionsQuery,
    AdvanceTime,
    AmendmentsQuery,
    AmendOrder,
    BalancesQuery,
    BookUpdatesQuery,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    CloseLedger,
    Command,
    CopyKeys,
    Deposit,
    DepthQuery,
    DigestQuery,
    FillsQuery,
    InstrumentsQuery,
    KeysQuery,
    LoadBook,
    MovementsQuery,
    NoteKeyUse,
    OrderQuery,
    OrdersQuery,
    PlaceOco,
    PlaceOrder,
    PreventedMatchesQuery,
    Query,
    RefuseCommand,
    ResetAccount,
    RevokeKey,
    SaveBook,
    SessionsQuery,
    SetAccountStatus,
    SetInstrument,
    SetKey,
    StatusQuery,
    TradesQuery,
    Transfer,
    WatchAccount,
    Withdraw,
)


class Way(Enum):
    """Where a message goes.

    SYMBOL: to the shard of its symbol, else of its order_id. One that names neither goes as with EACH.
    ORDER: to the shard of its symbol, else of its order_id, else to the one that knows its client_order_id.
    EACH: to each shard, by the use cases of several shards: this link does not take it.
    FIRST: to the first shard.
    """

    SYMBOL = "symbol"
    ORDER = "order"
    EACH = "each"
    FIRST = "first"


WAYS: Final[Mapping[type[Command] | type[Query], Way]] = MappingProxyType(
    {
        PlaceOrder: Way.SYMBOL,
        PlaceOco: Way.SYMBOL,
        CancelReplace: Way.SYMBOL,
        SetInstrument: Way.SYMBOL,
        LoadBook: Way.SYMBOL,
        CancelOrder: Way.ORDER,
        AmendOrder: Way.ORDER,
        CancelAllOrders: Way.SYMBOL,
        SetAccountStatus: Way.EACH,
        CancelAfter: Way.EACH,
        WatchAccount: Way.EACH,
        Deposit: Way.FIRST,
        Withdraw: Way.FIRST,
        Transfer: Way.FIRST,
        CloseLedger: Way.EACH,
        ResetAccount: Way.FIRST,
        SetKey: Way.FIRST,
        RevokeKey: Way.FIRST,
        NoteKeyUse: Way.FIRST,
        CopyKeys: Way.EACH,
        AdvanceTime: Way.FIRST,
        RefuseCommand: Way.FIRST,
        OrderQuery: Way.ORDER,
        AmendmentsQuery: Way.ORDER,
        PreventedMatchesQuery: Way.SYMBOL,
        OrdersQuery: Way.SYMBOL,
        DepthQuery: Way.SYMBOL,
        TradesQuery: Way.SYMBOL,
        InstrumentsQuery: Way.SYMBOL,
        SaveBook: Way.SYMBOL,
        BookUpdatesQuery: Way.SYMBOL,
        FillsQuery: Way.SYMBOL,
        StatusQuery: Way.FIRST,
        DigestQuery: Way.FIRST,
        SessionsQuery: Way.FIRST,
        AccountUpdatesQuery: Way.EACH,
        BalancesQuery: Way.EACH,
        AccountQuery: Way.EACH,
        MovementsQuery: Way.EACH,
        AccountsQuery: Way.EACH,
        KeysQuery: Way.FIRST,
        AccountVersionsQuery: Way.EACH,
    }
)
"""The way of each."""


def symbol_of(message: Command | Query) -> str | None:
    """The symbol that the message names, if it names one."""
    if isinstance(message, CancelReplace):
        return message.place.symbol
    symbol: str | None = getattr(message, "symbol", None)
    return symbol


def order_of(message: Command | Query) -> int | None:
    """The order_id that the message names, if it names one."""
    order_id: int | None = getattr(message, "order_id", None)
    return order_id
