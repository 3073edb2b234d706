"""`python -m gateway`: binds the address, then serves it from one process or from several."""

import errno
import os
import signal
import socket
import sys
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn, cast

import structlog
from msgspec import structs
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from gateway.config import (
    ALLOW,
    KEYS,
    OFF,
    ON,
    PREFIX,
    PROGRAM,
    SETTINGS,
    WILDCARDS,
    GatewayConfig,
    all_tokens,
    read_config,
)
from gateway.faults import answer_error
from gateway.http.admission import Admission
from gateway.http.bounds import Bounds
from gateway.http.callers import limits_of
from gateway.http.connections import HttpConnection
from gateway.logs import configure_worker_logs
from gateway.metrics.slots import Slots
from gateway.striking.connections import BreakableConnection
from gateway.work import work_of
from gateway.worker import create_worker
from matching_exchange.metrics.server import open_server
from matching_exchange.process.addresses import check_sockets, in_url
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.descriptors import raise_limit
from matching_exchange.process.readiness import tell_ready
from matching_exchange.process.settings import is_loopback

if TYPE_CHECKING:
    from asyncio import Protocol

BACKLOG: Final = 2048
"""Connections that wait to be accepted."""

SPARE_DESCRIPTORS: Final = 32
"""Descriptors kept free of connections: for files, for sockets to the matcher, and to refuse a connection."""

SHUTDOWN_SECONDS: Final = 8
"""Time that requests have left after SIGTERM. A container runtime waits 10 s."""

WORKER_SECONDS: Final = 30
"""A worker that says nothing for this time is replaced. A machine with much else to do takes long to start one."""

SILENT_MILLISECONDS: Final = 30_000
"""A peer that acknowledges nothing for this time is cut off. What was meant for it is dropped."""

SEND_BUFFER: Final = 256 * 1024
"""Bytes that the kernel holds for a connection. A slow client of depth reads this much of the past first."""

MAX_INCOMING_MESSAGE: Final = 4096
"""Bytes. Messages of a stream's client are ignored; a larger one closes the stream."""

PING_SECONDS: Final = 20

EXIT_CANNOT_LISTEN: Final = 1


def _stop(_: int, __: FrameType | None) -> NoReturn:
    """End the process cleanly: at once before it serves. Later the server shuts down, and raises the signal again."""
    sys.exit(0)


def _title(name: str) -> str:
    return next(setting.title(PREFIX) for setting in SETTINGS if setting.name == name)


def _bind(config: GatewayConfig) -> socket.socket:
    """The listening socket. Ends the process with one line if the address is not free."""
    try:
        return _listen(config)
    except OSError as error:
        # Name the host if it is no address of this machine, else the port.
        named = (
            "host"
            if isinstance(error, socket.gaierror) or error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
            else "port"
        )
        reason = "another process has it" if error.errno == errno.EADDRINUSE else error.strerror
        end_with_line(
            PROGRAM,
            f"{_title(named)}: cannot listen on {in_url(config.host)}:{config.port}: {reason}",
            EXIT_CANNOT_LISTEN,
        )


def _listen(config: GatewayConfig) -> socket.socket:
    found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # A name such as localhost may have both. Clients try IPv4 sooner or later, IPv6 not always.
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    with ExitStack() as on_failure:
        listening = on_failure.enter_context(socket.socket(family, socket.SOCK_STREAM))
        # A new process may bind the port at once, although old connections are still ending.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit these two.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MILLISECONDS)
        listening.bind(address)
        listening.listen(BACKLOG)
        on_failure.pop_all()
    return listening


def _check_hosts(config: GatewayConfig) -> None:
    """End the process with one line if other machines reach it, and no setting names its hosts."""
    if config.allowed_hosts or is_loopback(config.host.lower()):
        return
    known = socket.gethostname() if config.host in WILDCARDS else config.host
    end_with_line(
        PROGRAM,
        f"{_title('host')}: {config.host} is reached from other machines: "
        f"name the hosts that are served with GATEWAY_ALLOWED_HOSTS={known}, or serve any with GATEWAY_ALLOWED_HOSTS=*",
    )


def _check_access(config: GatewayConfig) -> None:
    """End the process with one line if other machines reach it and nothing says who may call, or if keys are asked for
    and nobody could make them."""
    if config.auth == KEYS and not all_tokens(config):
        end_with_line(
            PROGRAM,
            f"{_title('auth')}: keys needs a token for /admin: set GATEWAY_ADMIN_TOKEN=<token>, or "
            "GATEWAY_ADMIN_TOKENS=<name>:<token>,...",
        )
    if not config.auth and not is_loopback(config.host.lower()):
        end_with_line(
            PROGRAM,
            f"{_title('host')}: {config.host} is reached from other machines: ask for keys with GATEWAY_AUTH=keys, or "
            "let anyone trade for any account with GATEWAY_AUTH=off",
        )


def main() -> None:
    config = read_config(sys.argv[1:], os.environ)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    configure_worker_logs(config.log_level, config.log_format)
    log = structlog.get_logger("gateway")
    check_sockets(PROGRAM, PREFIX, SETTINGS, structs.asdict(config))
    listening = _bind(config)
    # A host that is none of this machine's has that fault first.
    _check_hosts(config)
    _check_access(config)
    host, port = listening.getsockname()[:2]
    log.info("listening", url=f"http://{f'[{host}]' if ':' in host else host}:{port}", workers=config.workers)
    if config.auth == OFF and not is_loopback(config.host):
        log.warning("anyone who reaches this address may trade for any account: GATEWAY_AUTH=off", host=config.host)
    if not all_tokens(config) and not is_loopback(config.host):
        log.warning("anyone who reaches this address may call /admin: set GATEWAY_ADMIN_TOKEN", host=config.host)
    if config.faults == ALLOW:
        log.warning("administrators may inject faults into calls: GATEWAY_FAULTS=allow")
    for flag, variable in (("--admin-token", "GATEWAY_ADMIN_TOKEN"), ("--admin-tokens", "GATEWAY_ADMIN_TOKENS")):
        if any(argument.split("=")[0] == flag for argument in sys.argv[1:]):
            log.warning(
                f"the list of processes shows {flag} to every user of this machine: {variable} it does not show"
            )
    tell_ready(os.environ)
    limits, slots = limits_of(config), Slots(config.workers)
    told = open_server(PROGRAM, PREFIX, config.metrics, slots.families)
    if told is not None:
        told.serve()
    server = Config(
        partial(create_worker, config, limits, slots),
        factory=True,
        workers=config.workers,
        root_path=config.root_path,
        http=cast(
            "type[Protocol]",
            partial(
                BreakableConnection if config.faults == ALLOW else HttpConnection,
                Bounds(raise_limit(SPARE_DESCRIPTORS)),
                Admission(config.deadline / 1000, work_of),
                limits,
                answer_error(binance=config.binance == ON),
            ),
        ),
        # The connection opens the streams itself.
        ws="none",
        ws_max_size=MAX_INCOMING_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        # Compressing for each client again costs more than the bytes that it saves.
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_worker_healthcheck=WORKER_SECONDS,
        backlog=BACKLOG,
    )
    try:
        if config.workers == 1:
            Server(server).run([listening])
        else:
            Multiprocess(server, [listening]).run()
    finally:
        limits.close()
        log.info("stopped")


if __name__ == "__main__":
    main()
