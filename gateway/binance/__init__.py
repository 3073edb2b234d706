"""The second HTTP dialect: that of Binance Spot, for clients that speak it already."""
