"""Runs a strategy against an exchange that runs already: on asyncio, or to the end."""

import asyncio
import secrets
import signal
import threading
from collections.abc import Sequence
from typing import Final

from matching_exchange.client.errors import Disconnected
from matching_exchange.client.http.async_client import AsyncClient
from matching_exchange.client.proofs import KeyInput
from matching_exchange.sim.durations import HOUR, MILLISECOND
from matching_exchange.sim.live.errors import LiveError
from matching_exchange.sim.live.guard import Guard
from matching_exchange.sim.live.instruments import instrument_of
from matching_exchange.sim.live.session import LiveSession
from matching_exchange.sim.result.result import Result
from matching_exchange.sim.strategy import MOST_LEVELS, Strategy
from protocol.instrument import Instrument

ANSWER_SECONDS: Final = 5.0
"""How long the first answer of the exchange may take."""

LEAST_CANCEL_AFTER: Final = 100 * MILLISECOND
MOST_CANCEL_AFTER: Final = 24 * HOUR

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run(
    strategy: Strategy,
    *,
    url: str | None = None,
    key: KeyInput | None = None,
    account: str | None = None,
    symbols: Sequence[str] | None = None,
    duration: int | None = None,
    guard: Guard | None = None,
    cancel_at_end: bool = True,
    cancel_after: int | None = None,
) -> Result:
    """Let the strategy trade on a running exchange, and wait until it has ended: after `duration`, or by Ctrl-C.

    url, key: by default EXCHANGE_URL and EXCHANGE_KEY of the environment, else http://127.0.0.1:8000 without a key.
    account: under which it trades where the exchange asks for no keys; by default `default`.
    symbols: what it trades, one or several; by default the strategy's own, else all instruments.
    duration: nanoseconds; None is until Ctrl-C or SIGTERM.
    guard: bounds of what it may do; none by default.
    cancel_at_end: whether its live orders are canceled at the end. Those of others on the account never are.
    cancel_after: nanoseconds without a word of this process, as when it is killed, after which the exchange cancels all
        orders of the account; 100 ms to a day. None is never.

    Raises LiveError where it cannot begin or go on, ExchangeError where the exchange refuses the caller, and what a
    callback raises; its orders are canceled then too.
    """
    if _has_loop():
        raise LiveError("an event loop runs here, as in a notebook: write `await sim.live.run_async(...)` instead")

    async def until_signal() -> Result:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                loop.add_signal_handler(number, _stop, loop, stop)
        return await run_async(
            strategy,
            url=url,
            key=key,
            account=account,
            symbols=symbols,
            duration=duration,
            guard=guard,
            cancel_at_end=cancel_at_end,
            cancel_after=cancel_after,
            stop=stop,
        )

    return asyncio.run(until_signal())


async def run_async(
    strategy: Strategy,
    *,
    url: str | None = None,
    key: KeyInput | None = None,
    account: str | None = None,
    symbols: Sequence[str] | None = None,
    duration: int | None = None,
    guard: Guard | None = None,
    cancel_at_end: bool = True,
    cancel_after: int | None = None,
    stop: asyncio.Event | None = None,
) -> Result:
    """As `run`, on asyncio. `stop` ends the run when it is set; signals are left to the caller."""
    if not isinstance(strategy, Strategy):
        raise LiveError(f"a strategy is an object of a class below Strategy, not {strategy!r}")
    if not 1 <= strategy.book_levels <= MOST_LEVELS:
        raise LiveError(f"book_levels takes 1 to {MOST_LEVELS}, not {strategy.book_levels!r}")
    if cancel_after is not None and not _is_time(cancel_after):
        raise LiveError(f"cancel_after takes nanoseconds from 100 ms to a day, or None, not {cancel_after!r}")
    if isinstance(symbols, str):
        symbols = [symbols]
    async with AsyncClient(url, key=key, account=account) as client:
        instruments = await _instruments(client, strategy.symbols if symbols is None else symbols)
        session = LiveSession(
            client,
            strategy,
            await client.own_account(),
            f"sim-{secrets.token_hex(6)}",
            instruments,
            guard or Guard(),
            cancel_at_end=cancel_at_end,
            cancel_after=cancel_after,
        )
        return await session.run(duration, stop or asyncio.Event())


def _is_time(cancel_after: int) -> bool:
    return isinstance(cancel_after, int) and LEAST_CANCEL_AFTER <= cancel_after <= MOST_CANCEL_AFTER


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _stop(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """End the run cleanly. The second signal ends the program."""
    for number in SIGNALS:
        loop.remove_signal_handler(number)
    stop.set()


async def _instruments(client: AsyncClient, wanted: Sequence[str] | None) -> list[Instrument]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            known = {told.symbol: told for told in await client.instruments()}
    except (TimeoutError, Disconnected) as error:
        raise LiveError(f"no exchange answers at {client.url}: `scripts/run --demo` starts one") from error
    if not known:
        raise LiveError("the exchange has no instruments")
    if wanted is not None and not wanted:
        raise LiveError("symbols takes at least one symbol, or None for all")
    for symbol in wanted or ():
        if symbol not in known:
            raise LiveError(f"symbols takes some of {', '.join(known)}, not {symbol!r}")
    return [instrument_of(known[symbol]) for symbol in dict.fromkeys(known if wanted is None else wanted)]
