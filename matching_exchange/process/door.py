"""`python -m matching_exchange.process.door MODULE ...`: runs the module as `python -m MODULE ...` does, for a script
that has held Ctrl-C back.

Until the program says what Ctrl-C means to it, Ctrl-C ends the process without a word. Python's own way would be a
traceback out of whatever it is just importing.
"""

import runpy
import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
