"""What other systems lack, taken away from a process on Linux: a directory for PYTHONPATH whose sitecustomize does
that."""

from collections.abc import Mapping
from pathlib import Path

from tests.exchange import ROOT

TAKEN: Mapping[str, tuple[str, ...]] = {
    "os": (
        "copy_file_range",
        "eventfd",
        "fdatasync",
        "getrandom",
        "memfd_create",
        "pidfd_open",
        "pipe2",
        "posix_fadvise",
        "posix_fallocate",
        "sched_getaffinity",
        "sched_setaffinity",
        "sched_setscheduler",
        "splice",
        "waitid",
    ),
    "socket": (
        "AF_NETLINK",
        "SO_PEERCRED",
        "SO_REUSEPORT",
        "SOCK_CLOEXEC",
        "SOCK_NONBLOCK",
        "TCP_KEEPIDLE",
        "TCP_QUICKACK",
        "TCP_USER_TIMEOUT",
    ),
    "signal": (
        "SIGPOLL",
        "SIGPWR",
        "SIGRTMAX",
        "SIGRTMIN",
        "SIGSTKFLT",
        "pidfd_send_signal",
        "sigtimedwait",
        "sigwaitinfo",
    ),
    "fcntl": ("F_ADD_SEALS", "F_GETPIPE_SZ", "F_SETPIPE_SZ", "F_OFD_SETLK"),
    "select": ("epoll",),
}
"""What Linux has and macOS has not, and SO_REUSEPORT, which means another thing there."""

SITECUSTOMIZE = """
import builtins, ctypes, importlib, io, os, socket, sys

for module, names in {taken!r}.items():
    for name in names:
        if hasattr(importlib.import_module(module), name):
            delattr(sys.modules[module], name)


def without_procfs(function):
    def call(path, *arguments, **options):
        if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return function(path, *arguments, **options)

    return call


for module, names in ((os, ("open", "listdir", "scandir", "stat", "readlink")), (io, ("open",)), (builtins, ("open",))):
    for name in names:
        setattr(module, name, without_procfs(getattr(module, name)))


class Socket(socket.socket):
    def bind(self, address):
        if self.family == socket.AF_UNIX and (not address or address[:1] in ("\\0", b"\\0") or len(os.fsencode(address)) > 103):
            raise OSError(22, "Invalid argument")
        super().bind(address)

    def sendto(self, data, *rest):
        if self.family == socket.AF_UNIX and rest[-1][:1] in ("\\0", b"\\0"):
            raise OSError(22, "Invalid argument")
        return super().sendto(data, *rest)


class Library(ctypes.CDLL):
    def __getattr__(self, name):
        if name == "prctl":
            raise AttributeError(name)
        return super().__getattr__(name)


socket.socket, ctypes.CDLL = Socket, Library
platform = {platform!r}
if platform:
    import sysconfig, types

    # macOS has this module; urllib asks it there for the system's proxies, of which there are none.
    proxies = sys.modules["_scproxy"] = types.ModuleType("_scproxy")
    proxies._get_proxies = proxies._get_proxy_settings = dict
    # Which looks for a file with the platform's name, once.
    sysconfig.get_config_vars()
    sys.platform = platform
"""


def python_path(directory: Path, platform: str = "") -> str:
    """A PYTHONPATH under which all that is taken away, and which names another platform where one is given; made below
    the directory."""
    made = directory / "other-system"
    made.mkdir()
    (made / "sitecustomize.py").write_text(SITECUSTOMIZE.format(taken=dict(TAKEN), platform=platform))
    return f"{made}:{ROOT}"
