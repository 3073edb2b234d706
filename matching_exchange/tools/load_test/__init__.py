"""A load test of a running exchange: an open loop, over HTTP or ZeroMQ, that checks what it gets.

orders: what is sent, and what the exchange tells of it.
check: whether that can be true.
transport: the way to the exchange; over_http and over_zeromq are its two kinds.
pace: the loop, which never waits for an answer.
ramp: the search for the highest rate.
report: what the test has found.
"""
