"""Ctrl-C in the middle of a simulation: it is an exception there, as in any other Python."""

import subprocess
import sys

from tests.exchange import PATIENCE, clean_environment

ROUNDS = 300

INTERRUPTED = f"""
import signal
from matching_exchange.sim.chance import most_log_normal

def draw():
    # Its products are longer than a machine's word.
    return most_log_normal(10**12, 2_000)

expected = draw()
signal.signal(signal.SIGALRM, signal.default_int_handler)
interrupts = 0
for microseconds in range(100, 100 + {ROUNDS}):
    try:
        signal.setitimer(signal.ITIMER_REAL, microseconds / 1_000_000)
        while True:
            assert draw() == expected
    except KeyboardInterrupt:
        interrupts += 1
print(interrupts)
"""


def test_an_interrupt_among_large_products_is_an_exception() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ROUNDS}\n", "")
