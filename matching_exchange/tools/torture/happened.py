"""Names what happened, for the count of a report."""

from typing import Final

from gateway.native.enum_words import MOVEMENT_KIND_WORDS, REASON_WORDS
from protocol.events import (
    AccountSet,
    AccountWatched,
    BookLoaded,
    CancelFailed,
    CommandRefused,
    Event,
    InstrumentSet,
    LedgerSet,
    MoneyMoved,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderDuplicated,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderTriggered,
    PlaceFailed,
    Trade,
    TransferDuplicated,
    TriggerMoved,
)

WORDS: Final[dict[type, str]] = {
    OrderPlaced: "placed",
    OrderDuplicated: "sent again",
    OrderTriggered: "triggered",
    Trade: "traded",
    OrderAmended: "amended",
    OrderReduced: "reduced by the other leg",
    OrderDecremented: "decremented",
    TriggerMoved: "trigger moved",
    AccountSet: "account set",
    AccountWatched: "account watched",
    InstrumentSet: "instrument set",
    LedgerSet: "ledger set",
    TransferDuplicated: "transfer sent again",
    BookLoaded: "book loaded",
    CommandRefused: "refused",
    CancelFailed: "cancel of a replacement refused",
    PlaceFailed: "new order of a replacement refused",
}


def word_of(event: Event) -> str:
    """What happened, in words; why, for an order's early end; how, for money."""
    match event:
        case OrderRejected():
            return f"rejected, {REASON_WORDS[event.reason]}"
        case OrderCanceled():
            return f"canceled, {REASON_WORDS[event.reason]}"
        case MoneyMoved():
            return f"money moved, {MOVEMENT_KIND_WORDS[event.kind]}"
    return WORDS[type(event)]
