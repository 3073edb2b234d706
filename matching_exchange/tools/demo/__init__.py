"""The demo market: a program beside an exchange.

market: what trades: the agents, and a recording.
control: what the gateway asks of it, over a socket in the data directory.
people: the two sample accounts.
program: connects, trades, connects again.
"""
