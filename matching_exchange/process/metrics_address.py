"""Where a process tells its metrics: on a port of its own, or in a file."""

from typing import Final

from msgspec import Struct

from matching_exchange.process.addresses import host, in_url
from matching_exchange.process.settings import MAX_PORT, Setting, port

HISTORY_METRICS: Final = "history/metrics"
"""The file of the history's metrics, below the data directory: ProcessMetrics of `protocol` as MessagePack."""

MAX_METRICS_BYTES: Final = 256 * 1024
"""The largest such file."""


class Address(Struct, frozen=True):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{in_url(self.host)}:{self.port}"


def _address(text: str) -> Address | None:
    if not text:
        return None
    name, _, number = text.rpartition(":")
    if (":" in name) is not (name.startswith("[") and name.endswith("]")):
        raise ValueError(text)
    return Address(host(name.removeprefix("[").removesuffix("]")), port(number))


METRICS_SETTING: Final = Setting(
    "metrics",
    "",
    _address,
    f"an address such as 127.0.0.1:9464 or [::1]:9464, with a port from 0 to {MAX_PORT}",
    "where this process alone tells its metrics, at /metrics, to whoever reaches it; not set: nowhere",
)
