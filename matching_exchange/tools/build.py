"""Builds the compiled core of a checkout, and waits for it. The next start of the exchange runs it.

The compiler works beside: the binaries take their places when all are there, and the manifest comes last. So a build
that is stopped leaves nothing that runs by half.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from matcher.compiled import ALWAYS, AUTO, MANIFEST, NEVER, PACKAGE, VARIABLE, why_interpreted
from matching_exchange.process.command_line import EXIT_FAILED, Parser, run_program

PROGRAM: Final = "build"

ROOT: Final = PACKAGE.parent
COMPILER: Final = ROOT / "requirements" / "compile.txt"
"""The versions of what translates the sources for the C compiler."""

LINES_OF_FAILURE: Final = 20
"""Lines that are shown of a build that failed."""

LOWEST_PRIORITY: Final = 19


class BuildError(Exception):
    """Nothing could be built: the message says why."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0 if the compiled core is there, 1 if it is not."""
    parser = Parser(
        PROGRAM,
        "Build the compiled core of this checkout, and wait for it. It needs a C compiler and Python's headers.",
        f"{VARIABLE}=auto (default), always or never says which core a start runs.",
    )
    parser.add_argument("--gently", action="store_true", help="leave the processor to others, and print only failures")
    parser.add_argument(
        "--where-possible", action="store_true", help=f"end well without a compiler, or with {VARIABLE}=never"
    )
    options = parser.parse_args(arguments)
    if options.where_possible and not possible(environment):
        return 0
    if options.gently:
        os.nice(LOWEST_PRIORITY)
    started = time.monotonic()
    try:
        built = build(tell=_keep_quiet if options.gently else _tell)
    except BuildError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_FAILED
    if not options.gently:
        print(f"The core was compiled in {time.monotonic() - started:.0f} s." if built else "The core is compiled.")
    return 0


def possible(environment: Mapping[str, str]) -> bool:
    """Whether a start may build the core: in a checkout, with a C compiler and Python's headers."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    wanted = environment.get(VARIABLE, AUTO) != NEVER
    return wanted and compiler is not None and headers.exists() and (ROOT / "setup.py").exists()


def build(tell: Callable[[str], None]) -> bool:
    """Build what is missing or stale. Returns whether anything was. Raises BuildError."""
    if not (ROOT / "setup.py").exists():
        raise BuildError("takes a checkout: an installed package is built by pip")
    work = ROOT / "build"
    work.mkdir(exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another build is under way: waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not why_interpreted(AUTO):
            return False
        tell("compiling the core, which takes about half a minute ...")
        _install_compiler()
        with TemporaryDirectory(dir=work) as directory:
            made = Path(directory, "made")
            _run(["setup.py", "-q", "build_ext", f"--build-temp={directory}", f"--build-lib={made}"])
            _put_in_place(made / PACKAGE.name)
    return True


def _install_compiler() -> None:
    """Install what translates the sources, unless it is there."""
    if any(importlib.util.find_spec(package) is None for package in ("mypyc", "setuptools")):
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "--requirement", str(COMPILER)])


def _run(arguments: list[str]) -> None:
    """Run Python in the checkout. Raises BuildError with the last that it says."""
    environment = {**os.environ, VARIABLE: ALWAYS}
    ended = subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        said = "\n".join(ended.stdout.splitlines()[-LINES_OF_FAILURE:])
        raise BuildError(f"the core was not compiled:\n{said}")


def _put_in_place(made: Path) -> None:
    """Move the binaries beside their sources. Those of earlier builds go."""
    (PACKAGE / MANIFEST).unlink(missing_ok=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for old in PACKAGE.rglob(f"*{suffix}"):
        old.unlink()
    for new in made.rglob(f"*{suffix}"):
        new.replace(PACKAGE / new.relative_to(made))
    (made / MANIFEST).replace(PACKAGE / MANIFEST)


def _tell(line: str) -> None:
    """Print a line for who waits."""
    print(line, file=sys.stderr, flush=True)


def _keep_quiet(_line: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
