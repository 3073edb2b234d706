"""What a copy of the benchmark holds: its gate cases, its published hashes, and the workloads of its generator."""

import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from matching_exchange.tools.conformance.messages import Message

NAME: Final = "flash1-dev/matching-engine-benchmark"

GATE: Final = "scripts/conformance_check.py"
"""The program of theirs that defines the gate cases."""

HASHES: Final = "reference/correctness_hash.txt"

MAGIC: Final = 0x4D4542575F303031
VERSION: Final = 1

HEADER: Final = struct.Struct("<QII")
"""Magic number, version, count of records."""

RECORD: Final = struct.Struct("<BBBxIQQqq")
"""Kind, side, ioc, quantity, sequence, order_id, price, and eight bytes without meaning."""

GATE_TIMEOUT: Final = 60
"""Seconds that the definition of the gate cases may take."""

_PRINT_CASES: Final = """
import json, runpy, sys
json.dump(runpy.run_path(sys.argv[1])["EDGE_CASES"], sys.stdout)
"""

RECORDS_AT_ONCE: Final = 16_384

_HASH: Final = re.compile(r"([0-9a-f]{64})  ([a-z0-9-]+)_seed([0-9]+)_count([0-9]+)_reports\.txt", re.ASCII)


class BenchmarkError(Exception):
    """The directory is no copy of the benchmark, or something in it is not built. The message says what to do."""


class Workload(NamedTuple):
    """A workload by name, its file, and the published hash of the reports to it. `command` makes the file."""

    name: str
    path: Path
    expected: str
    command: str

    def messages(self) -> Iterator[Message]:
        """All messages of the file. Raises BenchmarkError if it is not one of the benchmark's, or not whole."""
        try:
            with self.path.open("rb") as file:
                count = self._count(file.read(HEADER.size))
                for _ in range(0, count, RECORDS_AT_ONCE):
                    block = file.read(RECORD.size * RECORDS_AT_ONCE)
                    for fields in RECORD.iter_unpack(block):
                        yield Message._make(fields[:7])
        except OSError as error:
            raise BenchmarkError(f"{self.path} cannot be read: {error.strerror}") from error

    def check(self) -> None:
        """Raise BenchmarkError if the file is missing, or is not a whole workload."""
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as file:
                count = self._count(file.read(HEADER.size))
        except FileNotFoundError:
            raise BenchmarkError(f"{self.path} is missing: make it there with: {self.command}") from None
        except OSError as error:
            raise BenchmarkError(f"{self.path} cannot be read: {error.strerror}") from error
        whole = HEADER.size + count * RECORD.size
        if size != whole:
            raise BenchmarkError(
                f"{self.path} has {size} bytes in place of {whole}: make it again with: {self.command}"
            )

    def _count(self, header: bytes) -> int:
        if len(header) == HEADER.size:
            magic, version, count = HEADER.unpack(header)
            if (magic, version) == (MAGIC, VERSION):
                return int(count)
        raise BenchmarkError(f"{self.path} is no workload of the benchmark: make it again with: {self.command}")


def read_gate(directory: Path) -> dict[str, list[Message]]:
    """The gate cases by name. The program that defines them runs in a process of its own, but not its main part."""
    path = _existing(directory, GATE)
    command = [sys.executable, "-I", "-c", _PRINT_CASES, str(path)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=GATE_TIMEOUT)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{path} defines no EDGE_CASES within {GATE_TIMEOUT} seconds") from error
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.decode(errors="replace").splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"{path} defines no EDGE_CASES that can be read: {reason}") from error
    try:
        cases = msgspec.json.decode(done.stdout, type=dict[str, list[tuple[int, int, int, int, int, int]]])
    except msgspec.DecodeError as error:
        raise BenchmarkError(f"{path} defines no EDGE_CASES that can be read: {error}") from error
    if not cases:
        raise BenchmarkError(f"{path} defines no EDGE_CASES")
    return {
        name: [
            Message(kind, side, ioc, quantity, sequence, order_id, price)
            for sequence, (kind, side, ioc, quantity, order_id, price) in enumerate(messages)
        ]
        for name, messages in cases.items()
    }


def read_workloads(directory: Path) -> list[Workload]:
    """The workloads whose hashes are published, in their order there."""
    path = _existing(directory, HASHES)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path} cannot be read: {error}") from error
    workloads = []
    for number, line in enumerate(lines, 1):
        match = _HASH.fullmatch(line.strip())
        if match is None:
            raise BenchmarkError(f"{path}, line {number}: takes <SHA-256>  <name>_seed<N>_count<N>_reports.txt")
        expected, name, seed, count = match.groups()
        file = f"orders_{name}_s{seed}_n{count}.bin"
        workloads.append(
            Workload(name, directory / file, expected, f"make && ./generator {name} {file} {count} {seed}")
        )
    if not workloads:
        raise BenchmarkError(f"{path} holds no hashes")
    return workloads


def _existing(directory: Path, name: str) -> Path:
    path = directory / name
    if not path.is_file():
        raise BenchmarkError(f"{directory} is no copy of {NAME}: {name} is not there")
    return path
