"""Configuration that points stock clients of Binance Spot at this exchange.

It needs nothing but the standard library, and the client itself where the URLs are read from that.
"""

from matching_exchange.recipes.configuration import NAMES, ClientConfigError, exchange_client_config
from matching_exchange.recipes.urls import refuse_other_hosts, rewritten

__all__ = ["NAMES", "ClientConfigError", "exchange_client_config", "refuse_other_hosts", "rewritten"]
