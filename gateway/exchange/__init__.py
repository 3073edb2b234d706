"""What the exchange can do for a caller: commands and queries of `protocol` in, states out.

Every order that comes out is of an instrument in `Instruments.known`: it can be told without a further question.
Calls fail as `gateway.link.errors` says. No dialect of HTTP is known here.
"""
