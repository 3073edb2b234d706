"""The typed answers: frozen structs with the field names of the native API.

Prices, quantities, amounts and fees are Decimals; ids are ints; times are `Time`, ints of nanoseconds since 1970 UTC.
"""
