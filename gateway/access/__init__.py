"""Who may call: API keys, proofs of their holders, administrators' tokens. No dialect's JSON is known here."""
