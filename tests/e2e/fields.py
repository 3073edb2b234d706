"""What the public JSON holds, written out: tests compare with these sets, never with the gateway's own."""

ORDER = {
    "order_id",
    "client_order_id",
    "account",
    "symbol",
    "side",
    "order_type",
    "price",
    "trigger_price",
    "status",
    "resting",
    "quantity",
    "filled_quantity",
    "remaining_quantity",
    "prevented_quantity",
    "average_price",
    "trades",
    "reason",
    "reserved",
    "sequence",
    "timestamp",
    "updated_sequence",
    "updated",
    "working_since",
}

ORDER_TRADE = {
    "trade_id",
    "price",
    "quantity",
    "aggressor_side",
    "maker_order_id",
    "taker_order_id",
    "maker_fee",
    "taker_fee",
}

MARKET_TRADE = ORDER_TRADE | {"timestamp", "symbol", "sequence"}

DEPTH_UPDATE = {"timestamp", "symbol", "sequence", "bids", "asks", "bbo"}

INSTRUMENT = {
    "symbol",
    "base",
    "quote",
    "tick_size",
    "lot_size",
    "min_quantity",
    "max_quantity",
    "max_price",
    "min_notional",
    "maker_fee_bps",
    "taker_fee_bps",
    "status",
    "price_band_bps",
    "reference_price",
    "max_open_orders",
    "max_order_notional",
    "halt_bps",
    "halt_window_ms",
    "halt_ms",
    "halted_until",
}

TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
