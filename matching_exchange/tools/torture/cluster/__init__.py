"""Torture of a cluster: its leader is killed, paused and cut off while clients trade, and nothing answered may be lost.

network: a network namespace for each process, and what is cut in it.
exchange: the log's servers, the matchers and a gateway, as processes.
striker: what is done to them, and what must follow.
archive: copies the log while it grows, for the checks: a leader trims it.
witness: asks each node directly, and finds answers of the past.
run: one run for each kind of strike. `report` tells what it found.
"""
