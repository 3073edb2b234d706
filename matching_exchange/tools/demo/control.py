"""What the gateway asks of the demo, and what the demo says of itself. One thread trades, another one answers."""

import os
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Final

from msgspec import MsgspecError, structs

from matching_exchange.process.addresses import MAX_SOCKET_PATH
from matching_exchange.process.files import OTHERS
from protocol.demo import (
    MAX_MESSAGE,
    REAL_TIME,
    DemoRefused,
    DemoState,
    Steer,
    decode_request,
    encode,
    socket_path,
)

CLIENT_SECONDS: Final = 1.0
"""Time that a client has to ask, and to take the answer."""

BACKLOG: Final = 16


class ControlError(Exception):
    """Nobody can reach the demo there; the message says why."""


class OtherDemoError(Exception):
    """Another demo trades beside this exchange."""


class Control:
    """The state, and what is still to be done of it."""

    def __init__(self, source: str, symbols: list[str], speed: int = REAL_TIME) -> None:
        self._state = DemoState(paused=False, connected=False, speed=speed, source=source, symbols=symbols)
        self._jump: int | None = None
        self._changed = Condition()

    @property
    def state(self) -> DemoState:
        return self._state

    def note(self, **changes: object) -> None:
        """Tell something new of the demo: fields of its state."""
        with self._changed:
            self._state = structs.replace(self._state, **changes)

    def steer(self, wanted: Steer) -> DemoState | DemoRefused:
        """Take a change. The state is told as it will be."""
        with self._changed:
            state = self._state
            if wanted.jump_to is not None:
                if state.begin is None or state.end is None:
                    return DemoRefused("jump_to", "jump_to needs a recording: this demo has agents alone.")
                if not state.begin <= wanted.jump_to <= state.end:
                    return DemoRefused("jump_to", "jump_to takes a time from `begin` to `end`.")
                self._jump = wanted.jump_to
                state = structs.replace(state, time=wanted.jump_to)
            if wanted.paused is not None:
                state = structs.replace(state, paused=wanted.paused)
            if wanted.speed is not None:
                state = structs.replace(state, speed=wanted.speed)
            self._state = state
            self._changed.notify()
            return state

    def take_jump(self) -> int | None:
        """Where to jump to, once; None for nowhere."""
        with self._changed:
            jump, self._jump = self._jump, None
            return jump

    def at(self, time: int) -> None:
        """The recording is at this time, unless it is to jump."""
        with self._changed:
            if self._jump is None:
                self._state = structs.replace(self._state, time=time)

    def wait(self, seconds: float) -> None:
        """Return after so long, or as soon as something was asked for."""
        with self._changed:
            self._changed.wait(seconds)


class ControlSocket:
    """Answers at the demo's socket, in a thread of its own, until it is closed."""

    def __init__(self, directory: Path, control: Control) -> None:
        """Raises OtherDemoError, or ControlError."""
        self._control = control
        self._path = socket_path(directory)
        if len(os.fsencode(self._path)) > MAX_SOCKET_PATH:
            raise ControlError(f"{self._path} has more than {MAX_SOCKET_PATH} bytes")
        with ExitStack() as on_failure:
            self._socket = on_failure.enter_context(socket.socket(socket.AF_UNIX))
            try:
                self._bind()
            except OSError as error:
                raise ControlError(f"{self._path} cannot be used: {error.strerror}") from error
            on_failure.pop_all()
        self._closing = False
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        # The thread waits for a client: be one.
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(CLIENT_SECONDS)
            client.connect(self._path)
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        self._thread.join(2 * CLIENT_SECONDS)
        self._socket.close()

    def _bind(self) -> None:
        if self._is_answered():
            raise OtherDemoError
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        mask = os.umask(OTHERS)
        try:
            self._socket.bind(self._path)
        finally:
            os.umask(mask)
        self._socket.listen(BACKLOG)

    def _is_answered(self) -> bool:
        """Whether the socket of another demo is there. That of a killed one refuses."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(CLIENT_SECONDS)
            try:
                probe.connect(self._path)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

    def _serve(self) -> None:
        while True:
            client, _ = self._socket.accept()
            with client, suppress(OSError, MsgspecError):
                if self._closing:
                    return
                client.settimeout(CLIENT_SECONDS)
                client.sendall(encode(self._control.steer(decode_request(_read(client)))))


def _read(client: socket.socket) -> bytes:
    message = b""
    while len(message) < MAX_MESSAGE and (part := client.recv(MAX_MESSAGE)):
        message += part
    return message
