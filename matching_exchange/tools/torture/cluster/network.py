"""A network of its own for processes of one machine: a namespace each, joined by a bridge in a namespace for the rest.

It takes root on Linux, with `ip` and `iptables`. The namespaces bear the process id of their maker.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from matching_exchange.tools.processes import ExchangeError

CLONE_NEWNET: Final = 0x40000000
"""From linux/sched.h: a namespace of networks."""

HUB: Final = "hub"
"""The machine of this process, of the clients and of the gateway."""

SUBNET: Final = "10.91.0"
"""Nobody outside sees it."""

BRIDGE: Final = "bridge0"


class Network:
    """A context manager: inside, this thread and what it starts are at the hub, and each machine is connected."""

    def __init__(self, machines: Iterable[str]) -> None:
        self.machines = list(machines)
        self._names = {machine: f"exchange-{os.getpid()}-{machine}" for machine in (HUB, *self.machines)}
        self._home: int | None = None

    def __enter__(self) -> "Network":
        try:
            for name in self._names.values():
                _run("ip", "netns", "add", name)
            self._inside(HUB, "ip", "link", "add", BRIDGE, "type", "bridge")
            self._inside(HUB, "ip", "addr", "add", f"{self.address(HUB)}/24", "dev", BRIDGE)
            for device in ("lo", BRIDGE):
                self._inside(HUB, "ip", "link", "set", device, "up")
            for machine in self.machines:
                self._connect(machine)
            self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
            _enter(Path("/run/netns") / self._names[HUB])
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._home is not None:
            _set_namespace(self._home)
            os.close(self._home)
            self._home = None
        for name in self._names.values():
            with suppress(ExchangeError):
                _run("ip", "netns", "delete", name)

    def address(self, machine: str) -> str:
        return f"{SUBNET}.{1 + (0 if machine == HUB else 1 + self.machines.index(machine))}"

    def prefix(self, machine: str) -> list[str]:
        """The command behind which a program runs on that machine."""
        return ["ip", "netns", "exec", self._names[machine]]

    def cut(
        self, machines: Collection[str], others: Collection[str], *, incoming: bool = True, outgoing: bool = True
    ) -> None:
        """Drop what goes from these machines to the others (`outgoing`), or comes from them."""
        for machine in machines:
            for other in others:
                if incoming:
                    self._inside(machine, "iptables", "-w", "-A", "INPUT", "-s", self.address(other), "-j", "DROP")
                if outgoing:
                    self._inside(machine, "iptables", "-w", "-A", "OUTPUT", "-d", self.address(other), "-j", "DROP")

    def isolate(self, machines: Collection[str]) -> None:
        """Cut these machines off from all others; among themselves they stay connected."""
        self.cut(machines, [other for other in (HUB, *self.machines) if other not in machines])

    def heal(self) -> None:
        """Drop nothing any more."""
        for machine in self.machines:
            self._inside(machine, "iptables", "-w", "-F")

    def _connect(self, machine: str) -> None:
        name, cable = self._names[machine], f"to-{machine}"
        _run(
            "ip", "link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", cable, "netns", self._names[HUB]
        )
        self._inside(HUB, "ip", "link", "set", cable, "master", BRIDGE, "up")
        self._inside(machine, "ip", "addr", "add", f"{self.address(machine)}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self._inside(machine, "ip", "link", "set", device, "up")

    def _inside(self, machine: str, *command: str) -> None:
        _run(*self.prefix(machine), *command)


def hindrance() -> str:
    """Why no such network can be made here; empty if it can."""
    missing = [program for program in ("ip", "iptables") if shutil.which(program) is None]
    if missing:
        return f"{missing[0]} is not installed"
    try:
        with Network(["probe"]) as network:
            network.isolate(["probe"])
    except ExchangeError as error:
        return f"namespaces of networks cannot be made: {error}"
    return ""


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise ExchangeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")


def _enter(namespace: Path) -> None:
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        _set_namespace(descriptor)
    finally:
        os.close(descriptor)


def _set_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise ExchangeError(f"the namespace cannot be entered: {os.strerror(ctypes.get_errno())}")
