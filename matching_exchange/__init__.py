"""The exchange as a Python library, and the programs that run, load, test and replay it.

    from matching_exchange import Client

    with Client() as client:
        print(client.place("BTC-USDT", "buy", quantity="0.1", price="25000").status)

The public names are those of `__all__`; docs/client.md tells how to use them. Each is loaded when it is first used, so
that the exchange's own processes load no client.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matching_exchange.client.book import Book, BookUpdate
    from matching_exchange.client.calls.requests import NewOrder
    from matching_exchange.client.decimals import DecimalInput
    from matching_exchange.client.errors import (
        Conflict,
        Disconnected,
        ExchangeError,
        InvalidValue,
        NotFound,
        OutcomeUnknown,
        RateLimited,
        Refused,
        Unauthorized,
        Unavailable,
    )
    from matching_exchange.client.http.async_client import AsyncClient
    from matching_exchange.client.http.async_stream import AsyncStream
    from matching_exchange.client.http.sync_client import Client
    from matching_exchange.client.http.sync_stream import Stream
    from matching_exchange.client.proofs import HmacKey, PrivateKey
    from matching_exchange.client.streams.account import AccountState
    from matching_exchange.client.times import Time, TimeInput
    from matching_exchange.client.types.account_stream import AccountStart, AccountUpdate
    from matching_exchange.client.types.administration import Demo, Health, Key, NewKey, OwnKey, Unhealthy
    from matching_exchange.client.types.markets import (
        BestPrices,
        Candle,
        CandleList,
        Depth,
        Instrument,
        Level,
        Ticker,
        Trade,
        TradeList,
    )
    from matching_exchange.client.types.money import (
        AccountList,
        AccountSummary,
        Balance,
        Balances,
        BalancesAt,
        Faucet,
        Ledger,
        Movement,
        MovementList,
        Position,
        ShardBalances,
        ShardTransfer,
        Transfer,
    )
    from matching_exchange.client.types.orders import (
        Amendment,
        CancelAfter,
        CanceledOrders,
        Fill,
        FillList,
        OcoOrders,
        Order,
        OrderList,
        OrderTrade,
        PreventedMatch,
        Problem,
        Replacement,
        ReplacementPart,
    )
    from matching_exchange.client.types.streams import CandleUpdate, Gap, QueueSnapshot, QueueUpdate, Restarted
    from matching_exchange.client.types.words import (
        OrderStatus,
        OrderType,
        Reason,
        SelfTradePrevention,
        Side,
        TimeInForce,
    )
    from matching_exchange.client.zmq.async_client import AsyncZmqClient
    from matching_exchange.client.zmq.client import ZmqClient
    from matching_exchange.client.zmq.link import WindowFull
    from matching_exchange.client.zmq.states import ConnectionState, Hole
    from matching_exchange.client.zmq.stream import ZmqStream
    from matching_exchange.client.zmq.tickets import Ticket

_CLIENT = "matching_exchange.client"
_MODULES = {
    f"{_CLIENT}.book": ("Book", "BookUpdate"),
    f"{_CLIENT}.calls.requests": ("NewOrder",),
    f"{_CLIENT}.decimals": ("DecimalInput",),
    f"{_CLIENT}.errors": (
        "Conflict",
        "Disconnected",
        "ExchangeError",
        "InvalidValue",
        "NotFound",
        "OutcomeUnknown",
        "RateLimited",
        "Refused",
        "Unauthorized",
        "Unavailable",
    ),
    f"{_CLIENT}.http.async_client": ("AsyncClient",),
    f"{_CLIENT}.http.async_stream": ("AsyncStream",),
    f"{_CLIENT}.http.sync_client": ("Client",),
    f"{_CLIENT}.http.sync_stream": ("Stream",),
    f"{_CLIENT}.proofs": ("HmacKey", "PrivateKey"),
    f"{_CLIENT}.streams.account": ("AccountState",),
    f"{_CLIENT}.times": ("Time", "TimeInput"),
    f"{_CLIENT}.types.account_stream": ("AccountStart", "AccountUpdate"),
    f"{_CLIENT}.types.administration": ("Demo", "Health", "Key", "NewKey", "OwnKey", "Unhealthy"),
    f"{_CLIENT}.types.markets": (
        "BestPrices",
        "Candle",
        "CandleList",
        "Depth",
        "Instrument",
        "Level",
        "Ticker",
        "Trade",
        "TradeList",
    ),
    f"{_CLIENT}.types.money": (
        "AccountList",
        "AccountSummary",
        "Balance",
        "Balances",
        "BalancesAt",
        "Faucet",
        "Ledger",
        "Movement",
        "MovementList",
        "Position",
        "ShardBalances",
        "ShardTransfer",
        "Transfer",
    ),
    f"{_CLIENT}.types.orders": (
        "Amendment",
        "CancelAfter",
        "CanceledOrders",
        "Fill",
        "FillList",
        "OcoOrders",
        "Order",
        "OrderList",
        "OrderTrade",
        "PreventedMatch",
        "Problem",
        "Replacement",
        "ReplacementPart",
    ),
    f"{_CLIENT}.types.streams": ("CandleUpdate", "Gap", "QueueSnapshot", "QueueUpdate", "Restarted"),
    f"{_CLIENT}.types.words": ("OrderStatus", "OrderType", "Reason", "SelfTradePrevention", "Side", "TimeInForce"),
    f"{_CLIENT}.zmq.async_client": ("AsyncZmqClient",),
    f"{_CLIENT}.zmq.client": ("ZmqClient",),
    f"{_CLIENT}.zmq.link": ("WindowFull",),
    f"{_CLIENT}.zmq.states": ("ConnectionState", "Hole"),
    f"{_CLIENT}.zmq.stream": ("ZmqStream",),
    f"{_CLIENT}.zmq.tickets": ("Ticket",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AccountList",
    "AccountStart",
    "AccountState",
    "AccountSummary",
    "AccountUpdate",
    "Amendment",
    "AsyncClient",
    "AsyncStream",
    "AsyncZmqClient",
    "Balance",
    "Balances",
    "BalancesAt",
    "BestPrices",
    "Book",
    "BookUpdate",
    "CancelAfter",
    "CanceledOrders",
    "Candle",
    "CandleList",
    "CandleUpdate",
    "Client",
    "Conflict",
    "ConnectionState",
    "DecimalInput",
    "Demo",
    "Depth",
    "Disconnected",
    "ExchangeError",
    "Faucet",
    "Fill",
    "FillList",
    "Gap",
    "Health",
    "HmacKey",
    "Hole",
    "Instrument",
    "InvalidValue",
    "Key",
    "Ledger",
    "Level",
    "Movement",
    "MovementList",
    "NewKey",
    "NewOrder",
    "NotFound",
    "OcoOrders",
    "Order",
    "OrderList",
    "OrderStatus",
    "OrderTrade",
    "OrderType",
    "OutcomeUnknown",
    "OwnKey",
    "Position",
    "PreventedMatch",
    "PrivateKey",
    "Problem",
    "QueueSnapshot",
    "QueueUpdate",
    "RateLimited",
    "Reason",
    "Refused",
    "Replacement",
    "ReplacementPart",
    "Restarted",
    "SelfTradePrevention",
    "ShardBalances",
    "ShardTransfer",
    "Side",
    "Stream",
    "Ticker",
    "Ticket",
    "Time",
    "TimeInForce",
    "TimeInput",
    "Trade",
    "TradeList",
    "Transfer",
    "Unauthorized",
    "Unavailable",
    "Unhealthy",
    "WindowFull",
    "ZmqClient",
    "ZmqStream",
]


if not TYPE_CHECKING:
    # Type checkers see the imports above, and so a name that is not there.
    def __getattr__(name: str) -> object:
        module = _MODULE_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(module), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
