"""Processes by their ids, as the system lists them."""

import subprocess


def listed() -> list[tuple[int, int, str]]:
    """Id, parent and state of every process."""
    lines = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,state="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [(int(pid), int(parent), state) for pid, parent, state in (line.split() for line in lines)]


def children_of(pid: int) -> list[int]:
    """Those that have not ended."""
    return [child for child, parent, state in listed() if parent == pid and not state.startswith("Z")]


def alive(pid: int) -> bool:
    """Whether the process runs: one that has ended may still be listed, as a zombie."""
    return any(process == pid and not state.startswith("Z") for process, _, state in listed())
