"""The demo market: a program beside an exchange.

market: what trades: the agents, and a recording.
crowd, desk: the agents of the simulator in steps, and the market that each of them sees.
control: what the gateway asks of it, over a socket in the data directory.
people: the two sample accounts.
program: connects, trades, connects again.
"""
