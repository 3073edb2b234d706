"""Takes in what comes: frames to commands that are carried out, queries, or refusals.

A turn ends by time, also inside a frame. The next turn carries out the rest of the frame first. So one heavy frame
holds up nobody else's pulses, answers and market data.
"""

from collections.abc import Callable
from typing import Final

import structlog
import zmq

from matcher.own_symbols import OwnSymbols
from matcher.serving.background import Background
from matcher.serving.query_desk import QueryDesk
from matcher.serving.turn import Turn
from matcher.sessions import Repeat, Taken
from matcher.state import State
from matcher.storage.book_files import read_saved_book
from matcher.storage.crash_notes import CrashNotes
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matching_exchange.process.log_brake import LogBrake
from protocol import topics
from protocol.codec import FrameError, encode, read_frame
from protocol.commands import (
    VERSION,
    AccountsQuery,
    Ask,
    Command,
    Commands,
    DigestQuery,
    Frame,
    Hello,
    LoadBook,
    OwnCommand,
    RefuseCommand,
    SaveBook,
)
from protocol.events import FrameRefused, SessionUnknown, Welcome
from protocol.node_frames import HandOver, NoteReader
from protocol.public_number import public_number
from protocol.units import Refusal

MAX_TURN_FRAMES = 1_024
"""Frames taken per turn at most; bounds how long an answer waits."""

MAX_TURN_COMMANDS = 1_024
"""A turn takes no further frame once it has this many commands."""

UNBOUNDED: Final = 2**62

Poison = Callable[[int, int, str], None]
"""Gets the session, the number and the error of a command that ends this process."""

ToNode = Callable[[HandOver | NoteReader], None]
"""Gets a frame to the nodes of a replicated log."""


class Replicated:
    """What an intake has with a replicated log only.

    notes: those that the node has kept since its start.
    most_bytes: a turn takes no further frame once its entries have so many.
    """

    def __init__(self, notes: CrashNotes, most_bytes: int, poison: Poison, to_node: ToNode) -> None:
        self.notes = notes
        self.most_bytes = most_bytes
        self.poison = poison
        self.to_node = to_node


log = structlog.get_logger("matcher")


class Intake:
    """`receive` takes one frame from the socket; zmq.Again without one. `epoch` and `journal` go into welcomes. `own`
    are the symbols of the matcher's shard, where there are several.

    repeated_frames: those without a new command. gaps: those of them before which frames are missing.
    unknown_sessions: frames of sessions that are not known.
    takes_commands: while it is false, frames of commands and new sessions are dropped. Their senders come again.
    """

    def __init__(
        self,
        receive: Callable[[], zmq.Frame],
        state: State,
        directory: DataDirectory,
        desk: QueryDesk,
        background: Background,
        welcome: tuple[int, str],
        monotonic: Callable[[], int],
        brake: LogBrake,
        replicated: Replicated | None = None,
        own: OwnSymbols | None = None,
    ) -> None:
        self._receive = receive
        self._state = state
        self._directory = directory
        self._desk = desk
        self._background = background
        self._epoch, self._journal = welcome
        self._monotonic = monotonic
        self._brake = brake
        self._replicated = replicated
        self._notes = CrashNotes(directory) if replicated is None else replicated.notes
        self._most_bytes = UNBOUNDED if replicated is None else replicated.most_bytes
        self._own = own
        self._rest: Commands | None = None
        self.takes_commands = True
        self._skipping_parts = False
        self.refused_frames = 0
        self.repeated_frames = 0
        self.gaps = 0
        self.unknown_sessions = 0

    @property
    def waiting(self) -> bool:
        """Whether something of a frame is left for the next turn."""
        return self._rest is not None

    def take(self, turn: Turn) -> None:
        """Carry out waiting frames until the turn ends."""
        taken = 0
        frame = self._rest
        if frame is not None:
            self._rest = None
            taken += self._carry_out(frame, None, turn)
        most = MAX_TURN_FRAMES
        if self._notes.careful:
            # One frame, or the rest of one: the note then tells which has ended the process.
            most = 0 if taken else 1
        entries = turn.entries
        size = measured = 0
        for _ in range(most):
            while measured < len(entries):
                size += len(entries[measured])
                measured += 1
            if (
                taken >= MAX_TURN_COMMANDS
                or size >= self._most_bytes
                or self._rest is not None
                or (taken and self._monotonic() >= turn.until)
            ):
                return
            try:
                part = self._receive()
            except zmq.Again:
                return
            payload = part.bytes
            skipping, self._skipping_parts = self._skipping_parts, part.more
            if skipping:
                continue
            if self._skipping_parts:
                # The other parts of the message are read and dropped, in the turns to come too if they are many.
                self._refuse(FrameError("a message of several parts: takes messages of one frame"), turn)
                continue
            try:
                frame_read = read_frame(payload)
            except FrameError as error:
                self._refuse(error, turn)
                continue
            taken += self._carry_out(frame_read, payload, turn)

    def carry_out_own(self, command: OwnCommand, turn: Turn) -> None:
        """Carry out a command of the matcher itself."""
        _, caused = self._state.apply(OWN_SESSION, 0, [command], turn.time)
        turn.told = turn.time
        turn.entries.append(encode(OwnCommands([command])))
        turn.caused += caused

    def carried_out(self) -> None:
        """None of the turn's commands has ended this process."""
        self._notes.end()

    def logged(self, turn: Turn) -> None:
        """The turn is in the log."""
        self._notes.end()
        if self._notes:
            # What is logged, as refused or as carried out, need not be remembered any more.
            for reply in turn.replies:
                self._notes.forget(reply.session, reply.number, len(reply.answers))

    def _refuse(self, error: FrameError, turn: Turn) -> None:
        self.refused_frames += 1
        left_out = self._brake.passes("frame refused")
        if error.session and (error.version == VERSION or left_out is not None):
            # A client of another version begins anew at each refusal, without a pause: it hears some of them only.
            number = listens_at(error)
            report = FrameRefused(number, error.number, str(error))
            turn.reports.append((topics.reports(number), encode(report)))
        if left_out is not None:
            session = f"{public_number(error.session):016x}" if error.session else ""
            log.warning(
                "frame refused", detail=str(error), session=session, refused_frames=self.refused_frames, **left_out
            )

    def _carry_out(self, frame: Frame, payload: bytes | None, turn: Turn) -> int:
        """Carry out one frame. Returns how many commands of it ran. `payload` is the frame as received."""
        if not self.takes_commands and not isinstance(frame, Ask | HandOver | NoteReader):
            return 0
        if isinstance(frame, Commands):
            return self._carry_out_commands(frame, payload, turn)
        if isinstance(frame, Hello):
            self._welcome(frame, encode(frame) if payload is None else payload, turn)
        elif isinstance(frame, Ask):
            self._ask(frame, turn)
        elif self._replicated is not None:
            self._replicated.to_node(frame)
        else:
            self._refuse(FrameError("a frame to a node: takes it with a replicated log only"), turn)
        return 0

    def _welcome(self, frame: Hello, payload: bytes, turn: Turn) -> None:
        sessions = self._state.sessions
        if not sessions.knows(frame.session):
            turn.entries.append(payload)
        taken = sessions.hello(frame)
        number = public_number(frame.session)
        welcome = Welcome(VERSION, number, self._epoch, self._journal, taken, frame.answered)
        turn.reports.append((topics.reports(number), encode(welcome)))

    def _ask(self, frame: Ask, turn: Turn) -> None:
        query = frame.query
        number = public_number(frame.session)
        if isinstance(query, DigestQuery):
            self._background.ask_digest(number, frame.request)
        elif isinstance(query, SaveBook):
            self._background.ask_save(number, frame.request, query.symbol)
        elif isinstance(query, AccountsQuery):
            self._background.ask_accounts(number, frame.request, query)
        else:
            self._desk.ask(number, frame.request, query, turn)

    def _carry_out_commands(self, frame: Commands, payload: bytes | None, turn: Turn) -> int:
        outcome = self._state.sessions.receive(frame)
        if not isinstance(outcome, Taken):
            if isinstance(outcome, Repeat):
                self.repeated_frames += 1
                self.gaps += outcome.gap
                turn.replies += outcome.answers
            else:
                self.unknown_sessions += 1
                report = SessionUnknown(public_number(frame.session), frame.number)
                turn.reports.append((topics.reports(report.session), encode(report)))
            return 0
        number, taken = outcome.number, outcome.commands
        if self._notes and self._notes.suspects(frame.session, number, len(taken)):
            commands = self._prepared(frame.session, number, taken[:1])
        else:
            commands = self._prepared(frame.session, number, taken)
        count = self._apply(frame.session, number, commands, turn)
        if count < len(taken):
            self._state.sessions.give_back(frame.session, len(taken) - count)
            self._rest = Commands(VERSION, frame.session, number + count, frame.answered, taken[count:])
        # The log holds what was taken, no more: a part that was taken before would count twice.
        if payload is None or count < len(frame.commands) or commands is not taken:
            payload = encode(Commands(VERSION, frame.session, number, frame.answered, commands[:count]))
        turn.entries.append(payload)
        return count

    def _apply(self, session: int, number: int, commands: list[Command], turn: Turn) -> int:
        """Carry out commands of a session, noting what runs, until the turn's time is up. Returns how many ran."""
        self._notes.begin(session, number, len(commands))
        try:
            reply, caused = self._state.apply(session, number, commands, turn.time, self._is_over(turn.until))
        except Exception as error:
            self._note_crash(error)
            raise
        turn.replies.append(reply)
        turn.told = turn.time
        turn.caused += caused
        return len(caused)

    def _is_over(self, until: int) -> Callable[[], bool]:
        monotonic = self._monotonic
        return lambda: monotonic() >= until

    def _prepared(self, session: int, number: int, taken: list[Command]) -> list[Command]:
        """The commands in the form that is executed and logged. A LoadBook gets the contents of its file. A command
        that crashed the matcher before becomes a refusal."""
        own = self._own
        if own is None and not self._notes and LoadBook not in map(type, taken):
            return taken
        commands = taken
        for index, command in enumerate(taken):
            replaced: Command | None = None
            if self._notes and (refusal := self._notes.refusal(session, number + index)) is not None:
                replaced = RefuseCommand(Refusal.COMMAND_REFUSED, refusal)
            elif own is not None and (foreign := own.refusal(command)) is not None:
                replaced = foreign
            elif type(command) is LoadBook:
                replaced = self._with_contents(command)
            if replaced is not None:
                if commands is taken:
                    commands = list(taken)
                commands[index] = replaced
        return commands

    def _with_contents(self, command: LoadBook) -> Command | None:
        """The load to carry out and to log, or its refusal; None if it stands as it is."""
        replaced = read_saved_book(self._state.registry, self._directory, command)
        load = command if replaced is None else replaced
        if self._own is not None and isinstance(load, LoadBook) and load.contents and not load.new_order_ids:
            return self._own.refuse_ids(load.contents) or replaced
        return replaced

    def _note_crash(self, error: Exception) -> None:
        """Note which command crashed the core. The next start then refuses it, and does not crash again."""
        running = self._state.running
        assert running is not None, "only a running command crashes the core"
        number = running.number + len(running.answers)
        session = f"{public_number(running.session):016x}"
        log.critical("command crashed the matcher", session=session, number=number, exc_info=error)
        self._notes.crashed(running.session, number, error)
        if self._replicated is not None:
            self._replicated.poison(running.session, number, repr(error))


def listens_at(refused: FrameError) -> int:
    """The number at which the sender of a refused frame listens: in version 1 the id itself. No session of this matcher
    is opened by such a frame."""
    return refused.session if refused.version == 1 else public_number(refused.session)
