"""Torture: an exchange that is killed again and again while clients trade, and proof that nothing that was answered is
lost.

`clients` send the calls of a seeded `flow` over HTTP, its orders drawn by `drawing`, and send again whatever was not
answered; a `follower` hears of one account over its own stream; `killer` kills and restarts the processes of an
`exchange`; `evidence` is what all of them have been told, and `checks` and `stream_check` hold it against the journal.
"""
