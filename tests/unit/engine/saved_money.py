"""An engine whose books are saved and loaded, and what its accounts have."""

from matcher.core.digest import digest
from matcher.core.saved_books import save_book
from matcher.engine import Engine
from protocol.commands import LoadBook, OwnCommand, PlaceOco, PlaceOrder, SetInstrument
from protocol.events import BookLoaded, CommandRefused, Event
from protocol.saved_book import SavedBook
from tests.money_tape import COIN, GOLD, Check, money_in
from tests.property.standing import Money
from tests.tape import time_of


class Exchange:
    """Commands one by one, each with the next stamp."""

    def __init__(self, sequence: int = 0) -> None:
        self.engine = Engine()
        self.sequence = sequence
        for instrument in (COIN, GOLD):
            self.do(SetInstrument.of(instrument))

    def do(self, command: OwnCommand) -> list[Event]:
        self.sequence += 1
        events = self.engine.apply(self.sequence, time_of(self.sequence), command)
        check_sums(self.money())
        return events

    def place(self, command: PlaceOrder | PlaceOco) -> int:
        """The order_id; of an OCO that of its limit leg."""
        events = self.do(command)
        assert not isinstance(events[0], CommandRefused), events
        return self.engine.registry.last_order_id - isinstance(command, PlaceOco)

    def save(self) -> SavedBook:
        return save_book(self.engine.registry.books[COIN.symbol], self.sequence)

    def load(self, contents: SavedBook) -> BookLoaded:
        events = self.do(LoadBook(COIN.symbol, contents))
        assert isinstance(events[-1], BookLoaded), events
        return events[-1]

    def refuse(self, contents: SavedBook) -> CommandRefused:
        """Why it is not loaded. It has changed nothing."""
        before = digest(self.engine.registry), self.money()
        [event] = self.do(LoadBook(COIN.symbol, contents))
        assert isinstance(event, CommandRefused), event
        assert (digest(self.engine.registry), self.money()) == before
        return event

    def money(self) -> Money:
        return money_in(self.engine)

    def check(self, *checks: Check) -> None:
        for check in checks:
            check(self.money())


def check_sums(money: Money) -> None:
    """What always holds (docs/money.md)."""
    for asset, deposited in money.deposited.items():
        accounts = sum(sum(balances[asset]) for balances in money.balances.values())
        assert accounts + money.fees[asset] + money.outside[asset] == deposited
    for name, balances in money.balances.items():
        for asset, (free, locked) in balances.items():
            assert free >= 0
            assert locked == sum(
                amount for owner, of, amount in money.reserved.values() if (owner, of) == (name, asset)
            )
