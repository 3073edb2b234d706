"""The API keys as this worker knows them, and until when it may rely on that.

Changes come on a topic of the matcher; one may be lost or late. So the worker asks again and again whether anything has
changed. What it knows holds for LEASE_SECONDS from the moment at which it asked. Then it serves no keyed call until it
has asked anew. A change is answered LEASE_SECONDS after the matcher has made it: by then no worker relies on what was
before. Only stopwatches count, so the hosts' clocks may differ.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from gateway.access.server_key import KeyFileError, ServerKey, check_of
from gateway.http.errors import HttpError
from gateway.link.answers import Stamped, expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError, ShardsPendingError
from gateway.link.key_copies import KeyCopies
from gateway.link.matcher_link import MatcherLink
from gateway.link.on_behalf import Link
from protocol.commands import KeysQuery, NoteKeyUse, RevokeKey, SetKey
from protocol.events import Answer, KeyList, KeyRevoked, KeySet, KeyState
from protocol.keys import Key, KeyType

LEASE_SECONDS: Final = 1.0
ASK_SECONDS: Final = 0.2
"""Time between two questions."""

SLACK_SECONDS: Final = 0.05
"""Added to what a change waits: stopwatches differ a little."""

READY_SECONDS: Final = 1.0
"""Time that a call waits for the keys."""

WAIT_SECONDS: Final = 0.01
"""Between two looks whether the keys are known."""

PAGE: Final = 500
"""Keys of one answer."""

MINUTE: Final = 60_000_000_000

log = structlog.get_logger("gateway")


class KeyStore:
    """One for each worker. Without `start` it only passes changes on to the matcher.

    copies: where there are several shards. The first one decides about keys; while it is away, the copies in the next
    one that is there are read.
    """

    def __init__(
        self,
        broker: MatcherLink,
        server_key: ServerKey,
        monotonic: Callable[[], float] = time.monotonic,
        copies: KeyCopies | None = None,
    ) -> None:
        self._broker = broker
        self._copies = copies
        # The number of the shard whose keys are followed.
        self._source = 0
        self._server_key = server_key
        self._monotonic = monotonic
        self._states: dict[str, KeyState] = {}
        self._changed = 0
        self._complete = False
        self._missed = False
        self._good_until = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._watchers: dict[str, dict[Callable[[], None], Key]] = {}
        self._was_told = False

    def start(self) -> None:
        """Begin to follow the matcher's keys."""
        for number, broker in enumerate(self._broker.brokers):
            broker.subscribe_keys(partial(self._hear, number))
            broker.on_open(partial(self._opened, number))
            broker.on_reset(partial(self._forget, number))
        self._tick()

    def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        if self._refreshing is not None:
            self._refreshing.cancel()

    # Who may call

    async def ready(self) -> None:
        """Wait until what is known may be relied on. HttpError `keys_unavailable` where that takes too long."""
        if self.holds():
            return
        self._refresh_soon()
        give_up = self._monotonic() + READY_SECONDS
        while not self.holds():
            if self._monotonic() >= give_up:
                raise HttpError("keys_unavailable", headers={"retry-after": "1"})
            await asyncio.sleep(WAIT_SECONDS)

    def holds(self) -> bool:
        """Whether what is known may be relied on."""
        return self._monotonic() < self._good_until

    def find(self, key: str) -> Key | None:
        """The key, if it is good now."""
        state = self._states.get(key)
        return None if state is None or self._is_expired(state.key) else state.key

    def account_of(self, key: str) -> str | None:
        """The account of the key; None where it is not good now."""
        found = self.find(key)
        return None if found is None else found.account

    def all(self) -> list[Key]:
        """Every key that is known, also those that have expired."""
        return [state.key for state in self._states.values()]

    def created(self, key: Key) -> int:
        """When the key was made, in nanoseconds since 1970; zero for one that is known no more."""
        state = self._states.get(key.key)
        return 0 if state is None else state.created

    def confirm(self, key: Key) -> None:
        """HttpError `unauthorized` where the key is good no more. MatcherUnavailableError where that is not known."""
        if not self.holds():
            raise MatcherUnavailableError("the keys are not known")
        if self.find(key.key) is not key:
            raise HttpError("unauthorized")

    def watch(self, key: Key, end: Callable[[], None]) -> Callable[[], None]:
        """Call `end` once the key is good no more; the answer ends that."""
        watchers = self._watchers.setdefault(key.key, {})
        watchers[end] = key
        self._end_changed(key.key)

        def leave() -> None:
            watchers.pop(end, None)
            if not watchers and self._watchers.get(key.key) is watchers:
                del self._watchers[key.key]

        return leave

    def note_use(self, key: Key) -> None:
        """Have the matcher note the minute, unless it has."""
        minute = self._broker.now() // MINUTE * MINUTE
        state = self._states.get(key.key)
        if state is None or state.last_used >= minute:
            return
        self._states[key.key] = KeyState(key, state.created, minute)
        try:
            self._broker.submit(NoteKeyUse(key.key)).add_done_callback(_look_at)
        except MatcherUnavailableError:
            # The next use is noted.
            self._states[key.key] = state

    # Changes

    async def put(self, key: Key) -> KeyState:
        """Set the key. It is so for every worker when this returns. Fails as a command does.

        ShardsPendingError where a new secret is not in all copies.
        """
        # A key that nobody has is no danger where it is missing.
        return await self._everywhere(await self._broker.command(SetKey(key)), in_all=key.generation > 0)

    async def revoke(self, key: str) -> KeyState:
        """Revoke the key. It is good nowhere when this returns. Fails as a command does.

        ShardsPendingError where it is still in a copy.
        """
        answer = await self._broker.command(RevokeKey(key))
        self._drop(key)
        return await self._everywhere(answer, in_all=True)

    async def page(self, limit: int, after: str) -> KeyList:
        """Keys as the matcher has them that decides about them."""
        return await _page(self._broker.brokers[0], limit, after)

    async def get(self, key: str) -> KeyState | None:
        """One key as the matcher has it."""
        # Those that begin the same differ in their last character: a page holds them all.
        found = await self.page(PAGE, key[:-1])
        return next((state for state in found.keys if state.key.key == key), None)

    async def has_hmac_keys(self) -> bool:
        """Whether any HMAC key is there."""
        after: str | None = ""
        while after is not None:
            found = await self.page(PAGE, after)
            if any(state.key.key_type is KeyType.HMAC for state in found.keys):
                return True
            after = found.next
        return False

    async def _everywhere(self, answer: Stamped[Answer], *, in_all: bool) -> KeyState:
        state = expect(KeyState, answer.value)
        if self._copies is not None:
            behind = await self._copies.bring_up()
            if behind and in_all:
                raise ShardsPendingError(behind)
        await asyncio.sleep(LEASE_SECONDS + SLACK_SECONDS)
        return state

    # What the matcher tells

    def _hear(self, number: int, event: KeySet | KeyRevoked) -> None:
        if number != self._source:
            return
        if event.sequence != event.previous:
            self._missed = True
        if not self._complete:
            return
        if event.previous > self._changed:
            self._start_anew()
            return
        self._changed = max(self._changed, event.sequence)
        if isinstance(event, KeySet):
            self._take(event.state)
        else:
            self._drop(event.state.key.key)

    def _take(self, state: KeyState) -> None:
        known = self._states.get(state.key.key)
        if known is not None and known.key == state.key:
            # Who holds the key compares by identity.
            state = KeyState(known.key, state.created, max(state.last_used, known.last_used))
        self._states[state.key.key] = state
        self._end_changed(state.key.key)

    def _drop(self, key: str) -> None:
        self._states.pop(key, None)
        self._end_changed(key)

    def _end_changed(self, name: str) -> None:
        for end, key in list(self._watchers.get(name, {}).items()):
            if self.find(name) is not key:
                end()

    def _is_expired(self, key: Key) -> bool:
        return 0 < key.expires <= self._broker.now()

    def _opened(self, number: int) -> None:
        if number == self._source:
            self._start_anew()

    def _forget(self, number: int) -> None:
        """The matcher has another journal: none of its keys are known."""
        if number != self._source:
            return
        self._good_until = float("-inf")
        for name in list(self._states):
            self._drop(name)
        self._start_anew()

    def _start_anew(self) -> None:
        self._complete = False
        self._refresh_soon()

    def _tick(self) -> None:
        self._ticking = asyncio.get_running_loop().call_later(ASK_SECONDS, self._tick)
        for name, watchers in list(self._watchers.items()):
            if any(key.expires for key in watchers.values()):
                self._end_changed(name)
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        if self._refreshing is None:
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            source = self._choose_source()
            asked_at = self._monotonic()
            found = expect(KeyList, (await source.query(KeysQuery(), LEASE_SECONDS)).value)
            if self._complete and found.changed == self._changed:
                self._good_until = asked_at + LEASE_SECONDS
            else:
                await self._fetch(source)
        except MatcherUnavailableError:
            # The next tick asks again.
            return
        finally:
            self._refreshing = None

    def _choose_source(self) -> Link:
        """The first shard that is there. The keys of another one than before begin anew."""
        brokers = self._broker.brokers
        number = next((number for number, broker in enumerate(brokers) if broker.available), 0)
        if number != self._source:
            self._source = number
            self._complete = False
        return brokers[number]

    async def _fetch(self, source: Link) -> None:
        """Get all keys, as of one moment."""
        self._missed = False
        states: dict[str, KeyState] = {}
        changed: int | None = None
        after: str | None = ""
        asked_at = 0.0
        while after is not None:
            asked_at = self._monotonic()
            page = await _page(source, PAGE, after)
            if changed is not None and page.changed != changed:
                return
            changed, after = page.changed, page.next
            states.update((state.key.key, state) for state in page.keys)
        assert changed is not None, "there is a page"
        if self._missed:
            # A change has come meanwhile, before or after its page.
            return
        self._changed, self._complete = changed, True
        for name in self._states.keys() - states.keys():
            self._drop(name)
        for state in states.values():
            self._take(state)
        self._good_until = asked_at + LEASE_SECONDS
        self._tell_of_server_key()

    def _tell_of_server_key(self) -> None:
        """Say once if secrets come from another server key than this gateway's."""
        if self._was_told:
            return
        self._was_told = True
        try:
            server_key = self._server_key.get()
        except KeyFileError as error:
            log.error(str(error))
            server_key = None
        check = None if server_key is None else check_of(server_key)
        lost = sum(bool(state.key.check) and state.key.check != check for state in self._states.values())
        if lost:
            log.error("HMAC keys do not verify: GATEWAY_KEY_FILE is not set, lost, or another one", keys=lost)


class KeyPermit:
    """Lets a stream go on as long as its key is good."""

    def __init__(self, keys: KeyStore, key: Key) -> None:
        self._keys = keys
        self._key = key

    async def allows(self) -> bool:
        """Whether the key is good, as soon as that is known."""
        while not self._keys.holds():  # noqa: ASYNC110
            await asyncio.sleep(WAIT_SECONDS)
        return self._keys.find(self._key.key) is self._key

    def watch(self, end: Callable[[], None]) -> Callable[[], None]:
        """Call `end` once the key is good no more; the answer ends that."""
        return self._keys.watch(self._key, end)


async def _page(link: Link, limit: int, after: str) -> KeyList:
    return expect(KeyList, (await link.query(KeysQuery(limit, after))).value)


def _look_at(future: "asyncio.Future[Stamped[Answer]]") -> None:
    """A lost note of a use is no fault: the next one is sent a minute later."""
    if not future.cancelled() and (error := future.exception()) is not None:
        assert isinstance(error, MatcherUnavailableError | OutcomeUnknownError | RefusedError), error
