"""Benchmarks. A suite measures and checks that what it counted is true; it asserts nothing about speed.

measure, machine: how and where to measure.
table: the results.
mix: the commands to send.
exchange: the measured process.
wire: the connection to it.
data: its data directory at the start.

Each suite is a module that yields rows.
"""
