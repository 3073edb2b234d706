"""The tables of the history, and the rows that stand for messages of `protocol`."""
