"""The demo: connects to the exchange, trades, and connects again after the matcher has gone."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Final

from matching_exchange.tools.demo.control import Control
from matching_exchange.tools.demo.market import BASES, OWN_ACCOUNTS, Market
from matching_exchange.tools.demo.venue import LiveVenue, LostError, cancel_all
from matching_exchange.tools.waiting import telling_of_silence
from protocol.client import CommandClient, MatcherAwayError, OutcomeUnknownError
from protocol.commands import InstrumentsQuery, StatusQuery
from protocol.curve import ClientKeys
from protocol.events import InstrumentList
from protocol.instrument import Instrument

PROGRAM: Final = "demo"

ANSWER_SECONDS: Final = 10.0
"""Seconds that a matcher may take to answer."""

CLEANUP_SECONDS: Final = 3.0
"""Seconds that the demo's own end waits for a matcher."""

STEP_SECONDS: Final = 0.1
"""Real time from one step to the next."""

PAUSED_SECONDS: Final = 1.0
"""Real time from one look at a paused market to the next."""

NOTHING_TO_TRADE: Final = f"{PROGRAM}: trades nothing: the exchange has no {', '.join(BASES)}"


class Demo:
    """One run of the program.

    endpoints: the matcher's sockets for commands and for reports, by the flags that set them.
    greet: called with each matcher before the market begins there, with its instruments.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        keys: ClientKeys | None,
        market: Market,
        control: Control,
        greet: Callable[[LiveVenue, list[Instrument]], None],
    ) -> None:
        self._endpoints = endpoints
        self._keys = keys
        self._market = market
        self._control = control
        self._greet = greet
        self._entered = False

    def run(self) -> None:
        """Trade without an end. After a matcher has gone, wait for the next one."""
        while True:
            try:
                with closing(self._client(ANSWER_SECONDS)) as client:
                    self._connect(client)
                    self._trade(LiveVenue(client), client)
            except (MatcherAwayError, OutcomeUnknownError, LostError) as error:
                self._control.note(connected=False)
                print(f"{PROGRAM}: {error}; trying again", file=sys.stderr, flush=True)

    def clean_up(self) -> None:
        """Cancel what is in the books, over a session of its own: the other one may be in the middle of an answer. What
        it cannot cancel, the next start does."""
        if not self._entered:
            return
        with suppress(MatcherAwayError, OutcomeUnknownError), closing(self._client(CLEANUP_SECONDS)) as client:
            client.connect()
            cancel_all(LiveVenue(client), OWN_ACCOUNTS)

    def _client(self, timeout: float) -> CommandClient:
        commands, reports = self._endpoints.values()
        return CommandClient(commands, reports, timeout, self._keys)

    def _connect(self, client: CommandClient) -> None:
        """Wait for a matcher, without an end."""
        reason = ""
        with telling_of_silence(PROGRAM, self._endpoints):
            while True:
                try:
                    return client.connect()
                except MatcherAwayError as error:
                    if error.reason != reason:
                        reason = error.reason
                        print(f"{PROGRAM}: {reason or 'no matcher answers'}: waiting", file=sys.stderr, flush=True)

    def _trade(self, venue: LiveVenue, client: CommandClient) -> None:
        result = client.query(InstrumentsQuery()).result
        assert isinstance(result, InstrumentList), "the query has no other result"
        self._entered = True
        self._market.enter(venue, result.instruments)
        symbols = self._market.symbols
        self._control.note(connected=True, symbols=symbols)
        print(f"{PROGRAM}: trades {', '.join(symbols)}" if symbols else NOTHING_TO_TRADE, flush=True)
        self._greet(venue, result.instruments)
        next_at = time.monotonic()
        while True:
            jump = self._control.take_jump()
            if jump is not None:
                self._market.jump(venue, jump)
            if self._control.state.paused:
                self._control.wait(PAUSED_SECONDS)
                # So a matcher that has gone is noticed.
                client.query(StatusQuery())
                next_at = time.monotonic()
                continue
            self._market.trade(venue, self._control)
            next_at = max(next_at + STEP_SECONDS, time.monotonic())
            time.sleep(max(0.0, next_at - time.monotonic()))
