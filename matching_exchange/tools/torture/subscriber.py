"""Reads the trades of the market data. All that it has seen must be in the journal."""

from threading import Event
from typing import Final

from matching_exchange.tools.torture.evidence import PublishedTrade
from protocol import topics
from protocol.client import MarketDataReader
from protocol.market_data import TradeMessage

LOOK_SECONDS: Final = 0.1


def read_trades(market_data: str, stop: Event) -> list[PublishedTrade]:
    """The trades that were published until `stop`."""
    seen: list[PublishedTrade] = []
    with MarketDataReader([topics.TRADES], market_data) as reader:
        while not stop.is_set():
            update = reader.read(LOOK_SECONDS)
            if update is not None and isinstance(update.message, TradeMessage):
                trade = update.message
                seen.append(
                    PublishedTrade(
                        trade.symbol,
                        trade.trade_id,
                        trade.price,
                        trade.quantity,
                        trade.maker_order_id,
                        trade.taker_order_id,
                        trade.sequence,
                        trade.timestamp,
                    )
                )
    return seen
