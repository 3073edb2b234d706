"""Books, matching and accounts: what the engine is made of. Pure: no clock, no socket, no disk, no log."""
