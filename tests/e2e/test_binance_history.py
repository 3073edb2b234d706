"""Candles of the Binance dialect where a history is kept: they outlast the gateway and the matcher's memory."""

from pathlib import Path
from typing import Any

from tests.exchange import Exchange, Json
from tests.history_process import HistoryProcess

TRADES = 1_200
BATCH = 100


def trade_often(exchange: Exchange) -> None:
    """More trades than the matcher remembers."""
    exchange.place("BTC-USDT", "limit", "sell", "100", "60000")
    order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.01", "price": "60000"}
    for _ in range(TRADES // BATCH):
        exchange.post("/orders/batch", {"orders": [order] * BATCH})


def test_candles_outlast_the_gateway(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=(f"--data-dir={tmp_path / 'data'}",)) as exchange:
        history = HistoryProcess(tmp_path, exchange.matcher.data)
        history.start()
        trade_often(exchange)
        history.wait_until_at(exchange.get("/health")["sequence"])

        def told() -> tuple[Any, Json]:
            day = exchange.get("/api/v3/ticker/24hr", symbol="BTCUSDT")
            return exchange.get("/api/v3/klines", symbol="BTCUSDT", interval="1M"), day

        candles, day = told()
        assert [(candle[5], candle[8]) for candle in candles] == [("12.00000000", TRADES)]
        assert (day["count"], day["firstId"], day["lastId"]) == (TRADES, 1, TRADES)
        exchange.gateway.stop()
        exchange.gateway.restart()
        assert told()[0] == candles
        first: Any = exchange.get("/api/v3/historicalTrades", symbol="BTCUSDT", fromId=1, limit=1)
        assert [trade["id"] for trade in first] == [1]
        history.close()
