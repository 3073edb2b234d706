"""The fields of a new order that a row of a tape names."""

from typing import TypedDict

from protocol.units import SelfTradePrevention, TimeInForce


class Options(TypedDict, total=False):
    symbol: str
    account: str
    client_order_id: str | None
    deadline: int
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    expire_time: int
    display_quantity: int
    quote_quantity: int
    trailing_bps: int
    trailing_amount: int
    activation_price: int
    max_slippage_bps: int
    open_only: bool
    reject_if_triggered: bool
    time_in_force: TimeInForce
    tag: str
    cancel_on_first_fill: bool
    take_profit: int
    stop_client_order_id: str
    list_client_order_id: str
    stop_display_quantity: int
    stop_time_in_force: TimeInForce
    stop_tag: str
