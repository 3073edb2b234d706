"""Processes that carry out the runs of a sweep, one at a time each."""

import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from matching_exchange.sim.sweeps.runs import Failure, Plan, Run, SweepError, Task

SPAWN: Final = "spawn"
FORK: Final = "fork"

GRACE: Final = 2.0
"""Seconds that a process has to end before it is killed."""

READY: Final = "ready"


def start_method(build: Callable[..., Any], tasks: Sequence[Task]) -> str:
    """How processes begin: fresh ones, if they can import `build`; else copies of this one, where the system has them.

    Raises SweepError.
    """
    try:
        pickle.dumps(tasks)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SweepError(f"parameters: takes what other processes can be sent ({error}); or workers=1") from error
    if _is_importable(build):
        return SPAWN
    if FORK in multiprocessing.get_all_start_methods():
        return FORK
    raise SweepError("build: takes a function of a module, so that other processes can import it; or workers=1")


def _is_importable(build: Callable[..., Any]) -> bool:
    """Whether a fresh process can get it: not what is made in another function, in a notebook or at a prompt."""
    try:
        pickled = pickle.dumps(build)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    main = sys.modules["__main__"]
    return b"__main__" not in pickled or getattr(main, "__file__", None) is not None


class Worker:
    """A process and what it is doing. task: None while it is starting, or done."""

    def __init__(self, method: str, plan: Plan) -> None:
        context = multiprocessing.get_context("spawn") if method == SPAWN else multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, plan), daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.ready = False
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        # One that has just died is found when its end of the pipe is read.
        with suppress(BrokenPipeError):
            self.connection.send(task)

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


def work(connection: Connection, plan: Plan) -> None:
    """What a process does: tasks come, runs go, until the other side is gone."""
    # Ctrl-C reaches all processes of a terminal. The first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    connection.send(READY)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(plan.carry_out(task))


def runs_of(tasks: Sequence[Task], plan: Plan, workers: int, method: str) -> Iterator[Run | Failure]:
    """The outcomes, as they come. A process that dies fails its run, and another one goes on."""
    waiting = list(reversed(tasks))
    crew: list[Worker] = []
    try:
        crew += [Worker(method, plan) for _ in range(min(workers, len(tasks)))]
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
                        crew.append(Worker(method, plan))
                    continue
                worker.ready = True
                worker.task = None
                if told != READY:
                    yield told
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
        raise SweepError(
            f"no process could start ({how}). A script needs its sweep behind if __name__ == '__main__':; "
            "what build needs must be importable. workers=1 runs in this process"
        )
    return Failure(worker.task.number, worker.task.seed, worker.task.parameters, how)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is just starting does not hear Ctrl-C: it would answer it with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
