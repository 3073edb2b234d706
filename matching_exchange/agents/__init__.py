"""Traders of a synthetic market: pure. What they have seen and a seeded source of chance make their orders.

They know no socket, no clock and no float. Prices and quantities are the instrument's integers. Times are nanoseconds
of market time. `crowd` brings them together; whoever drives it carries the commands out, and shows what came of them.
"""
