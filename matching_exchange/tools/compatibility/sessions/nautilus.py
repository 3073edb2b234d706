"""nautilus_trader live: loads the instruments, hears the market, and a strategy places, cancels and takes.
Argument: the name of its configuration, nautilus or nautilus-1.221."""

import asyncio
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.adapters.binance import (
    BINANCE,
    BinanceAccountType,
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceLiveDataClientFactory,
    BinanceLiveExecClientFactory,
)
from nautilus_trader.config import InstrumentProviderConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import BookType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, TraderId
from nautilus_trader.trading.strategy import Strategy

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import KEY, SECRET, URL, stay_here, tell

INSTRUMENT: Final = InstrumentId.from_str("BTCUSDT.BINANCE")

LONGEST: Final = 40.0
"""Seconds that the session may take."""

EVENTS: Final = (
    "limit accepted",
    "limit canceled",
    "market filled",
    "stop accepted",
    "stop canceled",
    "quote tick",
    "trade tick",
    "book deltas",
)


class Trader(Strategy):  # type: ignore[misc]
    """Notes what it hears, and sends the next order when the one before has got so far."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.told: list[str] = []
        self.over = asyncio.Event()

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(INSTRUMENT)
        self.note("instrument" if self.instrument is not None else "no instrument")
        self.subscribe_quote_ticks(INSTRUMENT)
        self.subscribe_trade_ticks(INSTRUMENT)
        self.subscribe_order_book_deltas(INSTRUMENT, book_type=BookType.L2_MBP)
        self.resting = self._limit("0.50000", "20000.00")
        self.submit_order(self.resting)

    def note(self, what: str) -> None:
        if what not in self.seen:
            self.seen.add(what)
            tell(what)
        if self.seen.issuperset(EVENTS):
            self.over.set()

    def _limit(self, quantity: str, price: str) -> Any:
        instrument = self.instrument
        return self.order_factory.limit(
            instrument_id=INSTRUMENT,
            order_side=OrderSide.BUY,
            quantity=instrument.make_qty(Decimal(quantity)),
            price=instrument.make_price(Decimal(price)),
        )

    def on_quote_tick(self, tick: Any) -> None:
        self.note("quote tick")

    def on_trade_tick(self, tick: Any) -> None:
        self.note("trade tick")

    def on_order_book_deltas(self, deltas: Any) -> None:
        self.note("book deltas")

    def on_order_accepted(self, event: Any) -> None:
        order = self.cache.order(event.client_order_id)
        self.note("stop accepted" if order.order_type == OrderType.STOP_LIMIT else "limit accepted")
        if order.order_type != OrderType.MARKET:
            self.cancel_order(order)

    def on_order_canceled(self, event: Any) -> None:
        if "limit canceled" not in self.seen:
            self.note("limit canceled")
            # Again and again: a stream may begin after the first trade.
            self.clock.set_timer("take", timedelta(seconds=1), callback=self.take)
            return
        self.note("stop canceled")

    def take(self, _: Any) -> None:
        quantity = self.instrument.make_qty(Decimal("0.10000"))
        self.submit_order(self.order_factory.market(INSTRUMENT, OrderSide.BUY, quantity))

    def on_order_filled(self, event: Any) -> None:
        if "market filled" in self.seen:
            return
        self.note("market filled")
        self.submit_order(
            self.order_factory.stop_limit(
                instrument_id=INSTRUMENT,
                order_side=OrderSide.SELL,
                quantity=self.instrument.make_qty(Decimal("0.10000")),
                price=self.instrument.make_price(Decimal("28900.00")),
                trigger_price=self.instrument.make_price(Decimal("29000.00")),
            )
        )

    def on_stop(self) -> None:
        self.clock.cancel_timers()
        self.cancel_all_orders(INSTRUMENT)

    def on_order_rejected(self, event: Any) -> None:
        self.told.append(f"rejected: {event.reason}")

    def on_order_cancel_rejected(self, event: Any) -> None:
        self.told.append(f"cancel rejected: {event.reason}")


def node_of(name: str) -> Any:
    config = exchange_client_config(name, URL, KEY, SECRET)
    provider = InstrumentProviderConfig(load_ids=frozenset([INSTRUMENT]))
    common = {"account_type": BinanceAccountType.SPOT, "instrument_provider": provider}
    clients = {part: {**config[part], **common} for part in ("data", "exec")}
    node = TradingNode(
        TradingNodeConfig(
            trader_id=TraderId("TESTER-001"),
            logging=LoggingConfig(log_level="WARNING"),
            data_clients={BINANCE: BinanceDataClientConfig(**clients["data"])},
            exec_clients={BINANCE: BinanceExecClientConfig(**clients["exec"])},
            timeout_connection=20.0,
            timeout_disconnection=5.0,
            timeout_post_stop=1.0,
        )
    )
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    return node


async def main(name: str) -> None:
    stay_here()
    node = node_of(name)
    trader = Trader()
    node.trader.add_strategy(trader)
    node.build()
    running = asyncio.ensure_future(node.run_async())
    try:
        await asyncio.wait_for(trader.over.wait(), LONGEST)
    except TimeoutError:
        for event in EVENTS:
            if event not in trader.seen:
                tell(event, f"not heard in {LONGEST:.0f} s; {'; '.join(trader.told) or 'nothing was rejected'}")
    await node.stop_async()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
