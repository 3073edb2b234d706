"""Our enumerations in the words of this dialect."""

from collections.abc import Mapping
from typing import Final

from protocol.units import InstrumentStatus, SelfTradePrevention, Side

SYMBOL_STATUS: Final[Mapping[InstrumentStatus, str]] = {
    InstrumentStatus.TRADING: "TRADING",
    InstrumentStatus.HALTED: "HALT",
    InstrumentStatus.CANCEL_ONLY: "CANCEL_ONLY",
}

SIDES: Final[Mapping[Side, str]] = {Side.BUY: "BUY", Side.SELL: "SELL"}
SIDE_OF: Final[Mapping[str, Side]] = {word: side for side, word in SIDES.items()}

PREVENTION: Final[Mapping[SelfTradePrevention, str]] = {
    SelfTradePrevention.NONE: "NONE",
    SelfTradePrevention.CANCEL_NEWEST: "EXPIRE_TAKER",
    SelfTradePrevention.CANCEL_OLDEST: "EXPIRE_MAKER",
    SelfTradePrevention.CANCEL_BOTH: "EXPIRE_BOTH",
    SelfTradePrevention.DECREMENT: "DECREMENT",
}
PREVENTION_OF: Final[Mapping[str, SelfTradePrevention]] = {word: mode for mode, word in PREVENTION.items()}
