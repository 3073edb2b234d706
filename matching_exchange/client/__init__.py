"""The public Python client of the exchange: `from matching_exchange import Client, AsyncClient`.

It stands on `protocol` at most. This file imports nothing: each client loads only what it needs.
"""
