"""What a call or a stream needs of its caller."""

from enum import Enum

from protocol.keys import Permission


class Needs(Enum):
    """PUBLIC: nothing. ADMIN: a token. LOCAL: a token, unless it comes from this machine. The others: a key with this
    permission, where keys are asked for."""

    PUBLIC = 0
    ADMIN = -1
    LOCAL = -2
    TRADE = Permission.TRADE
    USER_DATA = Permission.USER_DATA
    USER_STREAM = Permission.USER_STREAM


PUBLIC, ADMIN, LOCAL, TRADE, USER_DATA, USER_STREAM = Needs
