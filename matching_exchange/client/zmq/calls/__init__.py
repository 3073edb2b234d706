"""The calls, once for both clients: parameters, commands, and what is made of their answers."""
