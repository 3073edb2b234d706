"""The public messages of the market data socket: MessagePack maps with names, readable from any language.

Prices, quantities and fees are integers: value = integer x 10^-price_decimals (quantity_decimals, fee_decimals). The
instrument message has these decimals.

epoch: the number of this start of the matcher. Numbers of two epochs do not compare, but for trades.
number: counts the messages of the topic.
previous: the number of the message before. A reader that saw another number last has missed messages.

A new subscriber of a topic gets its current message at once. Other subscribers may then see that message twice.
"""

from typing import Literal

from msgspec import Struct

from protocol.book_feeds import BookFeedMessage

Level = tuple[int, int]
"""Price and quantity."""


class TradeMessage(Struct, frozen=True, tag_field="type", tag="trade"):
    """Every trade of a symbol. `number` is its trade_id, which continues after a restart."""

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    trade_id: int
    price: int
    quantity: int
    aggressor_side: Literal["buy", "sell"]
    maker_order_id: int
    taker_order_id: int
    maker_fee: int
    taker_fee: int


class DepthMessage(Struct, frozen=True, tag_field="type", tag="depth"):
    """The top levels as of `sequence`, best first. States between two messages may be skipped, the last one never."""

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    bids: list[Level]
    asks: list[Level]


class InstrumentMessage(Struct, frozen=True, tag_field="type", tag="instrument"):
    """The instrument as it is now. `status` is trading, cancel_only or halted.

    The fields behind it are those of `Instrument`; zero means off. `halted_until` is in nanoseconds since 1970.
    """

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    fee_decimals: int
    tick_size: int
    lot_size: int
    maker_fee_bps: int
    taker_fee_bps: int
    status: str
    price_band_bps: int = 0
    reference_price: int = 0
    max_open_orders: int = 0
    max_order_notional: int = 0
    halt_bps: int = 0
    halt_window_ms: int = 0
    halt_ms: int = 0
    halted_until: int = 0


class HeartbeatMessage(Struct, frozen=True, tag_field="type", tag="heartbeat"):
    """Comes once a second. `sequence` is that of the last command."""

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int


MarketDataMessage = TradeMessage | DepthMessage | InstrumentMessage | HeartbeatMessage | BookFeedMessage
