"""Processes that carry out the runs of a sweep, one at a time each."""

import gc
import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, Final

from msgspec.structs import replace

from matching_exchange.process.forks import no_garbage_collected
from matching_exchange.sim.sweeps.outcomes import Failure, Run, SweepError
from matching_exchange.sim.sweeps.runs import Plan, Task

SPAWN: Final = "spawn"
FORK: Final = "fork"

GRACE: Final = 2.0
"""Seconds that a process has to end before it is killed."""

READY: Final = "ready"

MAIN: Final = b"__main__"
"""The name of what the interpreter was started with, in a pickle."""


def start_method(build: Callable[..., Any], tasks: Sequence[Task]) -> str:
    """How processes begin: fresh, or as copies of this one.

    What stands in the script itself, in a notebook, at a prompt or in another function cannot be imported by a fresh
    process. Raises SweepError if the system has no copies then.
    """
    try:
        pickled = pickle.dumps((build, tasks))
    except (pickle.PicklingError, AttributeError, TypeError):
        pickled = MAIN
    if MAIN not in pickled:
        return SPAWN
    if FORK in multiprocessing.get_all_start_methods():
        return FORK
    raise SweepError("build: takes a function of a module that other processes can import; or workers=1")


class Worker:
    """A process and what it is doing. task: None while it is starting, or done."""

    def __init__(self, method: str, plan: Plan, tasks: Sequence[Task]) -> None:
        context = multiprocessing.get_context("spawn") if method == SPAWN else multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, plan, tasks), daemon=True)
        with _interrupts_held(), _without_main(), no_garbage_collected():
            self.process.start()
        theirs.close()
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        # One that has just died is found when its end of the pipe is read.
        with suppress(BrokenPipeError):
            self.connection.send(task.number)

    def end(self) -> None:
        self.process.terminate()
        self.process.join(GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()

    def how_it_ended(self) -> str:
        self.process.join(GRACE)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with status {code}"


def work(connection: Connection, plan: Plan, tasks: Sequence[Task]) -> None:
    """What a process does: numbers of tasks come, runs go, until the other side is gone."""
    # Ctrl-C reaches all processes of a terminal. The first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    # What a copied process began with is never collected.
    gc.freeze()
    gc.enable()
    connection.send(READY)
    while True:
        try:
            task = tasks[connection.recv()]
        except EOFError:
            return
        # The other side knows the parameters, which may be such that they cannot be sent.
        connection.send(replace(plan.carry_out(task), parameters={}))


def runs_of(tasks: Sequence[Task], plan: Plan, workers: int, method: str) -> Iterator[Run | Failure]:
    """The outcomes, as they come. A process that dies fails its run, and another one goes on."""
    waiting = list(reversed(tasks))
    crew: list[Worker] = []
    try:
        crew += [Worker(method, plan, tasks) for _ in range(min(workers, len(tasks)))]
        while crew:
            by_connection: dict[Any, Worker] = {worker.connection: worker for worker in crew}
            for connection in wait(list(by_connection)):
                worker = by_connection[connection]
                try:
                    told = worker.connection.recv()
                except (EOFError, ConnectionResetError):
                    crew.remove(worker)
                    yield _of_dead(worker)
                    if waiting:
                        crew.append(Worker(method, plan, tasks))
                    continue
                if worker.task is not None:
                    yield replace(told, parameters=worker.task.parameters)
                worker.task = None
                if waiting:
                    worker.give(waiting.pop())
                else:
                    crew.remove(worker)
                    worker.end()
    finally:
        for worker in crew:
            worker.end()


def _of_dead(worker: Worker) -> Failure:
    how = worker.how_it_ended()
    worker.connection.close()
    if worker.task is None:
        raise SweepError(f"no process could start ({how}): build and what it needs must be importable; or workers=1")
    return Failure(worker.task.number, worker.task.seed, worker.task.parameters, how)


@contextmanager
def _without_main() -> Iterator[None]:
    """A fresh process does not run the script again, so that it needs no guard."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is just starting does not hear Ctrl-C: it would answer it with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
