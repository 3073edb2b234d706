"""The client has every call of the native API, with every field: a new row, parameter or field fails here first."""

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import get_args
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import msgspec
import pytest

from gateway.native.enum_words import word
from gateway.native.json import (
    book_messages,
    demo_schemas,
    fault_schemas,
    health_schemas,
    key_schemas,
    maintenance_schemas,
    market_schemas,
    money_schemas,
    schemas,
    user_messages,
)
from gateway.native.json.replacement_schemas import Replacement, ReplacementPart
from gateway.native.operations import OPERATIONS
from gateway.native.problems import Problem
from gateway.native.streams import STREAMS
from history.candles.intervals import INTERVALS
from matching_exchange import AsyncClient, Client, ExchangeError
from matching_exchange.client.calls.route import ROUTES
from matching_exchange.client.http.sync_streams import SyncStreams
from matching_exchange.client.streams import account, books
from matching_exchange.client.streams.account import AccountMachine
from matching_exchange.client.streams.books import BookMachine, QueueMachine
from matching_exchange.client.streams.summaries import CandlesMachine, DepthMachine, TickerMachine
from matching_exchange.client.streams.trades import TradesMachine
from matching_exchange.client.types import account_stream, administration, markets, money, orders, streams, words
from matching_exchange.client.types import faults as fault_types
from protocol import units
from protocol.keys import KeyType, Permission
from protocol.money import MovementKind
from tests.unit.client.calls_made import USES

TABLE = {(operation.method.upper(), operation.path): operation for operation in OPERATIONS}


def sent(name: str) -> httpx.Request:
    """What the method sends."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(418, json={"code": "teapot", "detail": "No."})

    arguments, named = USES[name]
    with Client("http://exchange", transport=httpx.MockTransport(answer)) as client, pytest.raises(ExchangeError):
        getattr(client, name)(*arguments, **named)
    assert len(requests) == 1
    return requests[0]


def test_every_row_of_the_table_has_a_method() -> None:
    assert set(ROUTES.values()) == set(TABLE)
    for name in ROUTES:
        assert callable(getattr(Client, name)), name
        assert callable(getattr(AsyncClient, name)), name


def test_every_stream_has_a_method() -> None:
    machines = (
        TradesMachine("A", None, None),
        BookMachine("A"),
        QueueMachine("A"),
        DepthMachine("A"),
        CandlesMachine("A", "1m"),
        TickerMachine("A"),
        AccountMachine("ann", None),
    )
    assert {machine.address()[0] for machine in machines} == set(STREAMS)
    methods = {name for name in vars(SyncStreams) if name.startswith("stream_")}
    assert len(methods) == len(STREAMS)
    assert all(callable(getattr(AsyncClient, name)) for name in methods)


@pytest.mark.parametrize("name", ROUTES)
def test_a_call_goes_where_its_row_says_with_what_it_takes(name: str) -> None:
    request = sent(name)
    operation = TABLE[ROUTES[name]]
    assert request.method == operation.method.upper()
    path = unquote(urlsplit(str(request.url)).path)
    assert re.fullmatch(re.sub(r"\{[a-z_]+\}", "[^/]+", operation.path), path)
    query = [key for key, _ in parse_qsl(request.url.query.decode())]
    assert set(query) <= {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    if operation.body is None:
        assert request.content == b""
    else:
        # The exchange takes no unknown field.
        msgspec.json.decode(request.content, type=operation.body)


@pytest.mark.parametrize(
    "name", ["place", "place_oco", "set_instrument", "create_key", "amend", "set_demo", "inject_fault"]
)
def test_a_method_takes_every_field_of_its_body(name: str) -> None:
    body = msgspec.json.decode(sent(name).content)
    operation = TABLE[ROUTES[name]]
    assert operation.body is not None
    if name == "place":
        assert {**body, "symbol": None, "side": None, "order_type": None} == {
            **{field: str(value) if type(value) is int else value for field, value in USES[name][1].items()},
            **{field: USES[name][1][field] for field in ("trailing_bps", "max_slippage_bps")},
            **dict.fromkeys(("symbol", "side", "order_type")),
        }
    # halted_until is passed over by the exchange; the account of an amend stands in the query.
    assert set(operation.body.__struct_fields__) - {"halted_until"} == set(body)


SHAPES: list[tuple[type[msgspec.Struct], type[msgspec.Struct]]] = [
    (schemas.Order, orders.Order),
    (schemas.OrderTrade, orders.OrderTrade),
    (schemas.OrderList, orders.OrderList),
    (schemas.CanceledOrders, orders.CanceledOrders),
    (schemas.OcoOrders, orders.OcoOrders),
    (schemas.AmendmentView, orders.Amendment),
    (schemas.AmendmentViews, orders.AmendmentList),
    (schemas.PreventedMatchView, orders.PreventedMatch),
    (schemas.PreventedMatchViews, orders.PreventedMatchList),
    (schemas.Fill, orders.Fill),
    (schemas.FillList, orders.FillList),
    (schemas.CancelAfterView, orders.CancelAfter),
    (schemas.AccountView, orders.AccountStatus),
    (Problem, orders.Problem),
    (ReplacementPart, orders.ReplacementPart),
    (Replacement, orders.Replacement),
    (market_schemas.DepthView, markets.Depth),
    (market_schemas.BestPrices, markets.BestPrices),
    (market_schemas.MarketTrade, markets.Trade),
    (market_schemas.TradeList, markets.TradeList),
    (market_schemas.CandleView, markets.Candle),
    (market_schemas.CandleList, markets.CandleList),
    (market_schemas.TickerView, markets.Ticker),
    (market_schemas.TickerList, markets.TickerList),
    (market_schemas.InstrumentView, markets.Instrument),
    (market_schemas.InstrumentViews, markets.InstrumentList),
    (money_schemas.BalanceView, money.Balance),
    (money_schemas.ShardBalancesView, money.ShardBalances),
    (money_schemas.BalancesView, money.Balances),
    (money_schemas.TotalView, money.Total),
    (money_schemas.BalancesAtView, money.BalancesAt),
    (money_schemas.FaucetView, money.Faucet),
    (money_schemas.TransferView, money.Transfer),
    (money_schemas.ShardTransferView, money.ShardTransfer),
    (money_schemas.LedgerView, money.Ledger),
    (money_schemas.PositionView, money.Position),
    (money_schemas.AccountSummaryView, money.AccountSummary),
    (money_schemas.MovementView, money.Movement),
    (money_schemas.MovementList, money.MovementList),
    (money_schemas.AccountBalancesView, money.AccountBalances),
    (money_schemas.AssetSumView, money.AssetSum),
    (money_schemas.AccountListView, money.AccountList),
    (health_schemas.HistoryHealth, administration.HistoryHealth),
    (health_schemas.NodeHealth, administration.NodeHealth),
    (health_schemas.GroupHealth, administration.GroupHealth),
    (health_schemas.ShardHealth, administration.ShardHealth),
    (health_schemas.Health, administration.Health),
    (health_schemas.Unhealthy, administration.Unhealthy),
    (key_schemas.KeyView, administration.Key),
    (key_schemas.KeyViews, administration.KeyList),
    (key_schemas.OwnKey, administration.OwnKey),
    (key_schemas.NewKey, administration.NewKey),
    (maintenance_schemas.SavedBookView, administration.SavedBook),
    (maintenance_schemas.LoadedBookView, administration.LoadedBook),
    (maintenance_schemas.SessionView, administration.Session),
    (maintenance_schemas.SessionViews, administration.SessionList),
    (maintenance_schemas.DigestView, administration.Digest),
    (maintenance_schemas.ShardDigestView, administration.ShardDigest),
    (demo_schemas.DemoView, administration.Demo),
    (fault_schemas.FaultView, fault_types.Fault),
    (fault_schemas.FaultViews, fault_types.FaultList),
    (user_messages.AccountOrders, account._Orders),
    (user_messages.AccountUpdated, account._Update),
    (user_messages.AccountUpdated, account_stream.AccountUpdate),
    *zip(get_args(user_messages.Change), get_args(account_stream.Change), strict=True),
    (book_messages.BookSnapshot, books._Snapshot),
    (book_messages.BookUpdate, books._Update),
    (book_messages.OrdersSnapshot, books._OrdersSnapshot),
    (book_messages.OrdersUpdate, books._OrdersUpdate),
    *zip(get_args(book_messages.BookOrderChange), get_args(streams.QueueChange), strict=True),
]
"""A struct of the native API, and what the client reads it into."""

LEFT_OUT = {"resumed"}
"""Fields of one value only."""


@pytest.mark.parametrize(("told", "read"), SHAPES, ids=lambda kind: kind.__name__)
def test_every_field_that_is_told_is_read(told: type[msgspec.Struct], read: type[msgspec.Struct]) -> None:
    assert set(told.__struct_fields__) - LEFT_OUT == set(read.__struct_fields__)
    assert told.__struct_config__.tag == read.__struct_config__.tag or read is account_stream.AccountUpdate


def test_every_answer_is_among_the_shapes() -> None:
    answers = {kind for row in OPERATIONS for kind in (row.answer, row.other_answer, row.unhealthy) if kind}
    # A result is an Order or a Problem, which are.
    assert answers - {told for told, _ in SHAPES} == {schemas.BatchResults}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (units.Side, words.Side),
        (units.OrderType, words.OrderType),
        (units.OrderStatus, words.OrderStatus),
        (units.Reason, words.Reason),
        (units.TimeInForce, words.TimeInForce),
        (units.SelfTradePrevention, words.SelfTradePrevention),
        (units.InstrumentStatus, words.InstrumentStatus),
        (MovementKind, words.MovementKind),
        (KeyType, words.KeyType),
        (Permission, words.Permission),
        (units.Side, get_args(words.SideWord)),
        (units.OrderType, get_args(words.OrderTypeWord)),
        (units.TimeInForce, get_args(words.TimeInForceWord)),
        (units.SelfTradePrevention, get_args(words.SelfTradePreventionWord)),
        (units.OnlyStatus, get_args(words.OnlyStatusWord)),
        (units.InstrumentStatus, get_args(words.InstrumentStatusWord)),
        (KeyType, get_args(words.KeyTypeWord)),
        (Permission, get_args(words.PermissionWord)),
    ],
)
def test_every_word_of_the_exchange_is_known(members: type[IntEnum], words: Iterable[str]) -> None:
    assert [word(member) for member in members] == [str(each) for each in words]


def test_every_interval_is_known() -> None:
    assert list(get_args(words.Interval)) == list(INTERVALS)


def test_a_word_of_a_later_exchange_is_read_too() -> None:
    assert words.Reason("moon_phase") == "moon_phase"
    assert msgspec.json.decode(b'"moon_phase"', type=words.Reason).value == "moon_phase"
    assert msgspec.json.encode(words.Side.BUY) == b'"buy"'
