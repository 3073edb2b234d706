"""A load test of a running exchange: an open loop, over HTTP or ZeroMQ, that checks what it gets.

`orders` is what is sent and told, `check` whether that adds up, `transport` the way there with its two kinds
`over_http` and `over_zeromq`, `pace` the loop that never waits for an answer, `ramp` the search for the highest rate,
`report` what comes of it.
"""
