"""Prints stylised facts of a scenario beside those of recorded markets.

recorded: the series of a recording.
"""
