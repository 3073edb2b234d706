"""bound.py PROGRAM ARGUMENT...: become the program, which then ends with the process that has started it (Linux).

It runs as a file, without the packages of this installation: that takes some milliseconds.
"""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h: which signal comes at the parent's end."""

if __name__ == "__main__":
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        # It has ended meanwhile.
        sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606
