"""Processes that end with the process that has started them, however that ends.

Both hold one end of a line on which nothing is ever said. The system closes an end with its process. The other side
hears that. `python -m matching_exchange.tools.tied LINE MODULE ...` runs the module as `python -m MODULE ...` does.
When the descriptor LINE hears the end, it stops the module by SIGTERM, as an operator does.
"""

import os
import runpy
import signal
import subprocess
import sys
import weakref
from collections.abc import Sequence
from threading import Thread
from typing import Any, Final

MODULE: Final = "matching_exchange.tools.tied"


class TiedProcess(subprocess.Popen[bytes]):
    """`python -m <module>`, in a session of its own: Ctrl-C reaches only who started it."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        outlived_by: Sequence["TiedProcess"] = (),
        *,
        prefix: Sequence[str] = (),
        **options: Any,
    ) -> None:
        """`options` are those of Popen. Those that outlive it hear the end of their starter only after its own end.
        `prefix` is a command that becomes the process: `ip netns exec NAME`."""
        line, self._held = os.pipe()
        # Not at its end: the process that reads the line still answers what was taken.
        weakref.finalize(self, os.close, self._held)
        try:
            super().__init__(
                [*prefix, sys.executable, "-m", MODULE, str(line), module, *arguments],
                pass_fds=[line, *(process._held for process in outlived_by)],
                start_new_session=True,
                **options,
            )
        finally:
            os.close(line)


def _stop_with_starter(line: int) -> None:
    os.read(line, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    _, line_of_starter, module, *arguments = sys.argv
    descriptor = int(line_of_starter)
    os.set_inheritable(descriptor, False)  # noqa: FBT003  its signature
    Thread(target=_stop_with_starter, args=(descriptor,), daemon=True).start()
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
