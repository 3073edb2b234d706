"""Builds the compiled core of a checkout, and waits for it. The next start of the exchange runs it.

The compiler works beside: the binaries take their places when all are there, and the manifest comes last. So a build
that is stopped leaves nothing that runs by half.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Final

from matcher.compile_setting import read_compile
from matcher.compiled import ALWAYS, AUTO, MANIFEST, NEVER, PACKAGE, SUFFIX, VARIABLE, left_of_builds, why_interpreted
from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.files import sync_path, what_failed

PROGRAM: Final = "build"

ROOT: Final = PACKAGE.parent
COMPILER: Final = ROOT / "requirements" / "compile.txt"
"""The versions of what translates the sources for the C compiler."""

LINES_OF_FAILURE: Final = 20
"""Lines that are shown of a build that failed."""

LOWEST_PRIORITY: Final = 19

PREFIX: Final = "core-"
"""Of the directory of a build, within build/."""

EXIT_TERMINATED: Final = 143
"""The status that a shell gives for SIGTERM."""


class BuildError(Exception):
    """Nothing could be built: the message says why."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0 if the compiled core is there, 1 if it is not."""
    parser = Parser(
        PROGRAM,
        "Build the compiled core of this checkout, and wait for it. It needs a C compiler and Python's headers.",
        f"{VARIABLE}=auto (default), always or never says which core a start runs; with never, nothing is built.",
    )
    parser.add_argument("--gently", action="store_true", help="leave the processor to others, and print only failures")
    parser.add_argument(
        "--where-possible",
        action="store_true",
        help=f"end well where nothing can be built, unless {VARIABLE}=always, and where nothing shall be",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write mypyc's report on what stays slow (HTML), and build nothing"
    )
    options = parser.parse_args(arguments)
    wanted = read_compile(PROGRAM, environment)
    signal.signal(signal.SIGTERM, _end)
    started = time.monotonic()
    try:
        hindrance = what_hinders(wanted, environment)
        if hindrance and options.where_possible and wanted != ALWAYS:
            print(f"The core is not compiled: {hindrance}.", file=sys.stderr)
            return 0
        if hindrance:
            raise BuildError(hindrance)
        if options.gently:
            os.nice(LOWEST_PRIORITY)
        if options.report is not None:
            write_report(options.report)
            return 0
        built = build(tell=_keep_quiet if options.gently else _tell)
    except BuildError as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    if not options.gently:
        print(f"The core was compiled in {time.monotonic() - started:.0f} s." if built else "The core is compiled.")
    return 0


def what_hinders(wanted: str, environment: Mapping[str, str]) -> str:
    """Why nothing can or shall be built here; empty if it can and may."""
    if wanted == NEVER:
        return f"{VARIABLE}={NEVER} wants the sources to run"
    if not (ROOT / "setup.py").exists():
        return "this is no checkout: pip compiles it where it installs it"
    compiler = (environment.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler, path=environment.get("PATH")) is None:
        return f"no C compiler was found ({compiler})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return f"the headers of Python {sys.version_info.major}.{sys.version_info.minor} were not found"
    return ""


def write_report(file: Path) -> None:
    """Write which lines of the hot modules call into Python. Raises BuildError."""
    with TemporaryDirectory(prefix=PREFIX) as directory:
        _install_compiler(directory)
        _run(["setup.py", "-q", "build_ext", f"--build-temp={directory}", f"--report={file.absolute()}"], directory)


def build(tell: Callable[[str], None]) -> bool:
    """Build what is missing or stale. Returns whether anything was. Raises BuildError."""
    work = ROOT / "build"
    try:
        work.mkdir(exist_ok=True)
        with (work / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell("another build is under way: waiting for it ...")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not why_interpreted(AUTO):
                return False
            tell("compiling the core, which takes a minute or more ...")
            # What a killed build has left.
            for left in work.glob(f"{PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
            with TemporaryDirectory(prefix=PREFIX, dir=work) as directory:
                _install_compiler(directory)
                made = Path(directory, "made")
                _run(["setup.py", "-q", "build_ext", f"--build-temp={directory}", f"--build-lib={made}"], directory)
                _put_in_place(made)
    except OSError as error:
        raise BuildError(what_failed(error) if error.filename is not None else str(error)) from error
    return True


def _install_compiler(directory: str) -> None:
    """Install what translates the sources, unless it is there."""
    if any(importlib.util.find_spec(package) is None for package in ("mypyc", "setuptools")):
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "--requirement", str(COMPILER)], directory)


def _run(arguments: list[str], directory: str) -> None:
    """Run Python in the checkout, with its passing files in the directory. It ends with this process. Raises BuildError
    with the last that it says."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, VARIABLE: ALWAYS, "TMPDIR": directory},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # Compilers that it has started, too.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        said = "\n".join(output.splitlines()[-LINES_OF_FAILURE:])
        raise BuildError(f"the core was not compiled:\n{said}")


def _put_in_place(made: Path) -> None:
    """Move the binaries beside their sources. Those of earlier builds go."""
    (PACKAGE / MANIFEST).unlink(missing_ok=True)
    for old in left_of_builds(ROOT):
        old.unlink()
    for new in made.rglob(f"*{SUFFIX}"):
        # A power cut must not leave a manifest beside an empty binary.
        sync_path(new)
        new.replace(ROOT / new.relative_to(made))
    (made / PACKAGE.name / MANIFEST).replace(PACKAGE / MANIFEST)


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as by SIGTERM, but leave neither a compiler nor its files behind."""
    sys.exit(EXIT_TERMINATED)


def _tell(line: str) -> None:
    """Print a line for who waits."""
    print(line, file=sys.stderr, flush=True)


def _keep_quiet(_line: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
