"""Torture: kill an exchange again and again while clients trade, and prove that nothing answered is lost.

clients: send the calls of a seeded `flow` over HTTP, with orders from `drawing`. They repeat unanswered calls.
purse: draws the deposits, withdrawals, transfers and resets of the accounts that have money.
follower: reads one account's own stream.
killer: kills and restarts the processes of an `exchange`.
evidence: all that they were answered. `checks`, `stream_check` and `money_check` compare it with the journal.
"""
