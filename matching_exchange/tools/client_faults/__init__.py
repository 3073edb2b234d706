"""Trades through the Binance dialect while matcher and gateway are killed, and checks what a client knows in the end.

`bots` sends orders and looks up what stays unknown, `ears` hear the accounts, `books` keep books by the depth stream.
`truth` carries the journal out again; `checks` compares it with the `evidence` of all of them.
"""
