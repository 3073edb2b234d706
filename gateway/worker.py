"""The process that serves: the only one, or one of several under a supervisor."""

import multiprocessing
import os
import signal
from threading import Thread

import structlog
from fastapi import FastAPI

from gateway.app import Shared, create_app
from gateway.config import GatewayConfig
from gateway.garbage import collect_little
from gateway.http.callers import Limits
from gateway.injected.faults import InjectedFaults
from gateway.logs import configure_worker_logs
from gateway.metrics.slots import Slots


def create_worker(config: GatewayConfig, limits: Limits, slots: Slots) -> FastAPI:
    """The application, with the logs of its process."""
    configure_worker_logs(config.log_level, config.log_format)
    if not limits.join():
        structlog.get_logger("gateway").warning("too many workers: what this one has open counts for no address")
    if multiprocessing.parent_process() is not None:
        Thread(target=_end_with_supervisor, daemon=True).start()
    collect_little()
    slots.join()
    return create_app(config, Shared(limits.tallies, limits.counts, slots, InjectedFaults()))


def _end_with_supervisor() -> None:
    """A worker must not outlive a killed supervisor: it would keep the address, and no command could stop it."""
    supervisor = multiprocessing.parent_process()
    assert supervisor is not None
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
