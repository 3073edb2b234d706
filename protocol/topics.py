"""Topics of the two PUB sockets. Each ends with `/`, so one symbol's prefix never matches another symbol."""

TRADES = b"trades/"
DEPTH = b"depth/"
INSTRUMENTS = b"instruments/"
BOOK = b"book/"
ORDERS = b"orders/"
HEARTBEAT = b"heartbeat/"

PULSE = b"pulse/"

METRICS = b"metrics/"
"""What the matcher has counted, for all gateways."""

NODES = b"nodes/"
"""What the nodes of a replicated log tell of themselves, for all gateways and the other nodes."""

KEYS = b"keys/"
"""Changes of API keys, for all gateways."""


def trades(symbol: str) -> bytes:
    return b"trades/%s/" % symbol.encode()


def depth(symbol: str) -> bytes:
    return b"depth/%s/" % symbol.encode()


def instruments(symbol: str) -> bytes:
    return b"instruments/%s/" % symbol.encode()


def book(symbol: str) -> bytes:
    return b"book/%s/" % symbol.encode()


def orders(symbol: str) -> bytes:
    return b"orders/%s/" % symbol.encode()


def reports(number: int) -> bytes:
    """The topic of the session with that public number (`protocol.public_number`)."""
    return b"reports/%016x/" % number


def account_updates(account: str) -> bytes:
    """The topic of one account's updates, for all gateways."""
    return b"accounts/%s/" % account.encode()


def symbol_of(topic: bytes) -> str:
    """The symbol of a topic of market data."""
    return topic.split(b"/")[1].decode()
