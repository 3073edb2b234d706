"""The kernel of a simulation: virtual time, the agents' desks, the exchange between them, and the record. Compiled."""
