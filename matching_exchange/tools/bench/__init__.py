"""Benchmarks. A suite measures and checks that what it counted is true; it asserts nothing about speed.

`measure` and `machine` are how and where, `table` is what comes of it; `mix` is what is sent, `exchange` the process
that it is sent to, `wire` the connection between them, `data` what the process starts from. Each suite is a module that
yields rows.
"""
