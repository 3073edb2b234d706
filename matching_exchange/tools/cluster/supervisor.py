"""Keeps the parts of a cluster running: whatever ends is started again, and one line says so."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from matching_exchange.tools.cluster.etcd import EtcdServer
from matching_exchange.tools.processes import Process

FENCED: Final = 3
DIVERGED: Final = 4
"""The exit statuses of a matcher that another one has replaced, and of one that has computed otherwise."""

PAUSES: Final = (0.5, 30.0)
"""The shortest and the longest pause before a part is started again, in seconds. Each end doubles it."""

LONG_LIFE: Final = 30.0
"""Seconds after which an end counts as the first one again."""


class Part(Protocol):
    """A process that can be started again. `end` is its exit status; None while it runs."""

    name: str

    @property
    def end(self) -> int | None: ...

    @property
    def log(self) -> Path: ...

    def start(self) -> None: ...

    def ask_to_stop(self) -> None: ...

    def close(self) -> None: ...


class ProcessPart:
    """`python -m <module>` as a part."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process

    @property
    def end(self) -> int | None:
        return self._process.status

    @property
    def log(self) -> Path:
        return self._process.log

    def start(self) -> None:
        self._process.start()

    def ask_to_stop(self) -> None:
        self._process.terminate()

    def close(self) -> None:
        self._process.close_gently()


class EtcdPart:
    """A server of the log as a part."""

    def __init__(self, server: EtcdServer) -> None:
        self.name = server.member.name
        self._server = server

    @property
    def end(self) -> int | None:
        return None if self._server.process is None else self._server.process.poll()

    @property
    def log(self) -> Path:
        return self._server.log

    def start(self) -> None:
        self._server.start()

    def ask_to_stop(self) -> None:
        if self._server.process is not None and self._server.process.poll() is None:
            self._server.process.terminate()

    def close(self) -> None:
        self._server.close()


class _Watched:
    def __init__(self, part: Part) -> None:
        self.part = part
        self.pause = PAUSES[0]
        self.started_at = 0.0
        self.due: float | None = None
        self.given_up = False


class Supervisor:
    """Starts parts in their order, and stops them in the reverse one, those of a group at once. `tell` gets a line
    for each end."""

    def __init__(self, groups: Sequence[Sequence[Part]], tell: Callable[[str], None]) -> None:
        self._groups = [[_Watched(part) for part in parts] for parts in groups]
        self._tell = tell

    def start(self, group: int) -> None:
        for watched in self._groups[group]:
            self._start(watched)

    def ended(self) -> Part | None:
        """A part that has ended; None while all run."""
        return next((watched.part for watched in self._all() if watched.part.end is not None), None)

    def look(self) -> None:
        """Say what has ended, and start it again once that is due."""
        now = time.monotonic()
        for watched in self._all():
            if watched.given_up:
                continue
            if watched.due is not None:
                if now >= watched.due:
                    self._start(watched)
            elif watched.part.end is not None:
                self._note_end(watched, watched.part.end, now)

    def stop(self) -> None:
        for group in reversed(self._groups):
            for watched in group:
                watched.part.ask_to_stop()
            for watched in group:
                watched.part.close()

    def _all(self) -> list[_Watched]:
        return [watched for group in self._groups for watched in group]

    def _start(self, watched: _Watched) -> None:
        watched.started_at = time.monotonic()
        watched.due = None
        watched.part.start()

    def _note_end(self, watched: _Watched, status: int, now: float) -> None:
        part = watched.part
        is_matcher = part.name.startswith("matcher")
        if is_matcher and status == DIVERGED:
            watched.given_up = True
            self._tell(f"{part.name} has computed otherwise than its leader, and is not started again: {part.log}")
            return
        if is_matcher and status == FENCED:
            self._tell(f"{part.name} does not lead any more: it starts again as a standby")
            watched.due = now
            return
        if now - watched.started_at >= LONG_LIFE:
            watched.pause = PAUSES[0]
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        self._tell(f"{part.name} has ended {how}: it starts again in {watched.pause:g} s ({part.log})")
        watched.due = now + watched.pause
        watched.pause = min(2 * watched.pause, PAUSES[1])
