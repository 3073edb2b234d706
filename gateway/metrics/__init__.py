"""The gateway's metrics: what its workers count, summed, and what the matcher and the history tell."""
