"""Torture: an exchange that is killed again and again while clients trade, and proof that nothing that was answered is lost.

`clients` send the orders of a seeded `flow` over HTTP and send again whatever was not answered; `killer` kills and restarts the
processes of an `exchange`; `evidence` is what clients and subscribers have been told, and `checks` holds it against the journal.
"""
