"""How several matchers agree by one log: who leads, and what a record is. Knows no log server and no socket."""
