"""What has happened on the exchange, in a database: a process that follows the journal, and the way to read the tables.

The gateway may import `schema`, `candles` and `reading`: they know no matcher.
"""
