"""A first bot, in fifteen lines: it buys when the price falls, and sells when it rises.

Start an exchange with a market (`scripts/run --demo`), then `python examples/first_bot.py`. EXCHANGE_URL names another
exchange, EXCHANGE_KEY a key for it.
"""

from matching_exchange import Client, Trade

SYMBOL, QUANTITY, ORDERS = "BTC-USDT", "0.01", 5

with Client() as exchange, exchange.stream_trades(SYMBOL) as stream:
    last = exchange.trades(SYMBOL, limit=1).trades[-1].price
    trades = (item for item in stream if isinstance(item, Trade) and item.price != last)
    for number in range(ORDERS):
        price = next(trades).price
        order = exchange.place(SYMBOL, "buy" if price < last else "sell", "market", quantity=QUANTITY)
        print(f"{number + 1}. {last} -> {price}: {order.side} {order.filled_quantity} at {order.average_price}")
        last = price
    fees = sum(fill.fee for fill in exchange.fills(limit=ORDERS).fills)
    print(f"The last fills have cost {fees} in fees.")
