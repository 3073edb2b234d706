"""Routes of market data and instruments: each asks the matcher, so that whichever worker answers shows at least what
any answer said."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.http.resources import Reply, json_reply, query_parameters, required, whole_number
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments
from gateway.native.json.schemas import InstrumentViews, TradeList
from gateway.native.json.translate import best_prices, depth_view, instrument_view, market_trade
from gateway.native.problems import expect
from protocol.commands import DepthQuery, TradesQuery
from protocol.events import Depth, TradeHistory

MAX_LEVELS: Final = 1000
MAX_TRADES: Final = 1000


class Market:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def depth(self, scope: Scope, receive: Receive) -> Reply:
        """GET /depth"""
        parameters = query_parameters(scope, "symbol", "levels")
        symbol = required(parameters, "symbol")
        levels = whole_number(parameters, "levels", 10, 1, MAX_LEVELS)
        instrument = await self._instruments.find(symbol)
        answer = await self._broker.query(DepthQuery(symbol, levels))
        return json_reply(depth_view(expect(Depth, answer.value), answer.sequence, answer.timestamp, instrument))

    async def best_prices(self, scope: Scope, receive: Receive) -> Reply:
        """GET /bbo"""
        symbol = required(query_parameters(scope, "symbol"), "symbol")
        instrument = await self._instruments.find(symbol)
        answer = await self._broker.query(DepthQuery(symbol, 1))
        return json_reply(best_prices(expect(Depth, answer.value), answer.sequence, answer.timestamp, instrument))

    async def trades(self, scope: Scope, receive: Receive) -> Reply:
        """GET /trades"""
        parameters = query_parameters(scope, "symbol", "limit")
        symbol = required(parameters, "symbol")
        limit = whole_number(parameters, "limit", 100, 1, MAX_TRADES)
        instrument = await self._instruments.find(symbol)
        history = expect(TradeHistory, (await self._broker.query(TradesQuery(symbol, limit))).value)
        return json_reply(TradeList(symbol, [market_trade(trade, instrument) for trade in history.trades]))

    async def instruments(self, scope: Scope, receive: Receive) -> Reply:
        """GET /instruments"""
        query_parameters(scope)
        return json_reply(
            InstrumentViews([instrument_view(instrument) for instrument in await self._instruments.all()])
        )
