"""Captures of venues' WebSocket feeds of price levels, one message a line.

A line is `<receive time in s>: <JSON>`. Lines of requests and connections, which name an address first, are left out.
A capture of HTTP answers has `<address> -> <receive time in s>: <JSON>`.
"""
