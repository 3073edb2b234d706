"""The modes of self-trade prevention, by short names."""

from protocol.units import Reason, SelfTradePrevention

NONE = SelfTradePrevention.NONE
NEWEST = SelfTradePrevention.CANCEL_NEWEST
OLDEST = SelfTradePrevention.CANCEL_OLDEST
BOTH = SelfTradePrevention.CANCEL_BOTH
DECREMENT = SelfTradePrevention.DECREMENT

PREVENTING = [NEWEST, OLDEST, BOTH, DECREMENT]

SELF_TRADE = Reason.SELF_TRADE
