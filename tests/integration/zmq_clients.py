"""Clients over ZeroMQ of a test's matcher."""

from typing import Any

from matching_exchange import AsyncZmqClient, ZmqClient
from tests.exchange import PATIENCE, Matcher

SYMBOL = "BTC-USDT"


def client_of(matcher: Matcher, account: str = "default", **more: Any) -> ZmqClient:
    settings: dict[str, Any] = {"account": account, "timeout": PATIENCE, "order_deadline": None, **more}
    return ZmqClient(matcher.commands, matcher.reports, matcher.market_data, **settings)


def async_client_of(matcher: Matcher, account: str = "default", **more: Any) -> AsyncZmqClient:
    settings: dict[str, Any] = {"account": account, "timeout": PATIENCE, "order_deadline": None, **more}
    return AsyncZmqClient(matcher.commands, matcher.reports, matcher.market_data, **settings)
