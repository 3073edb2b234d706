"""GET /fills: an account's last fills, page by page."""

import re
from typing import Final

from starlette.types import Receive, Scope

from gateway.http.resources import Reply, json_reply, query_parameters, whole_number
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments
from gateway.native.json.schemas import FillList
from gateway.native.json.translate import fill
from gateway.native.json.words import check_name
from gateway.native.problems import ProblemError, expect
from protocol.commands import FillsQuery
from protocol.events import FillPage
from protocol.units import DEFAULT_ACCOUNT

MAX_FILLS: Final = 1000
"""The most fills that one page holds."""

CURSOR_PATTERN: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)
"""The sequence and the trade_id of a fill."""


class Fills:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def list(self, scope: Scope, receive: Receive) -> Reply:
        """GET /fills"""
        parameters = query_parameters(scope, "account", "symbol", "after", "limit")
        account = check_name("account", parameters.get("account", DEFAULT_ACCOUNT))
        symbol = parameters.get("symbol")
        if symbol is not None:
            await self._instruments.find(symbol)
        limit = whole_number(parameters, "limit", 100, 1, MAX_FILLS)
        query = FillsQuery(account, symbol, limit, _cursor(parameters.get("after")))
        page = expect(FillPage, (await self._broker.query(query)).value)
        fills = [
            fill(entry.trade, entry.maker, await self._instruments.find(entry.trade.symbol)) for entry in page.fills
        ]
        return json_reply(FillList(fills, None if page.next is None else "{}-{}".format(*page.next)))


def _cursor(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = CURSOR_PATTERN.fullmatch(text)
    if match is None:
        raise ProblemError("invalid_value", "after takes the `next` of the answer that this one continues.", "after")
    return int(match[1]), int(match[2])
