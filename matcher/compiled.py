"""Which core runs: the hot modules as a compiler has built them, or their sources.

Only the standard library is used here: this runs before any hot module is imported, and in a build.
"""

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

PACKAGE: Final = Path(__file__).parent

HOT: Final = (
    "matcher/core/*.py",
    "matcher/engine.py",
    "matcher/feeds/*.py",
    "matcher/state.py",
    "matcher/serving/account_streams.py",
    "matcher/serving/answers.py",
    "matcher/serving/book_feeds.py",
    "matcher/serving/intake.py",
    "matcher/serving/market_data.py",
    "matcher/serving/outbox.py",
    "matcher/serving/tally.py",
    "matcher/serving/turn.py",
    "matcher/sessions.py",
    "matching_exchange/sim/chance.py",
    "matching_exchange/sim/kernel/*.py",
    "matching_exchange/sim/logarithms.py",
)
"""The files that are compiled, within the directory of the packages."""

COMPILED_FROM: Final = (
    "matcher/**/*.py",
    "matcher/products.h",
    "matching_exchange/process/*.py",
    "matching_exchange/shards_file.py",
    "matching_exchange/sim/chance.py",
    "matching_exchange/sim/durations.py",
    "matching_exchange/sim/kernel/*.py",
    "matching_exchange/sim/latency.py",
    "matching_exchange/sim/logarithms.py",
    "matching_exchange/sim/order_entry.py",
    "protocol/*.py",
)
"""The files that the compiler reads, hot or for their constants and types, within the directory of the packages."""

PRODUCTS: Final = PACKAGE / "products.h"
"""What the C compiler reads before each of the compiled files."""

GROUP: Final = "matcher.binary"
"""What the compiler calls the library that the modules share."""

SUFFIX: Final = EXTENSION_SUFFIXES[0]
"""That of a binary for this Python."""

MANIFEST: Final = "compiled.json"
"""Says from which sources the binaries were built, and for which Python. It lies beside this file."""

VARIABLE: Final = "EXCHANGE_COMPILE"
AUTO: Final = "auto"
ALWAYS: Final = "always"
NEVER: Final = "never"
CHOICES: Final = (AUTO, ALWAYS, NEVER)

COMPILED: Final = "compiled"
INTERPRETED: Final = "interpreted"


class Core:
    """The core of this process.

    kind: COMPILED or INTERPRETED.
    reason: why it is interpreted; empty for a compiled one.
    """

    def __init__(self, reason: str) -> None:
        self.kind = INTERPRETED if reason else COMPILED
        self.reason = reason


def _is_module(file: Path) -> bool:
    """Whether it can be imported by its name. An editor's lock file cannot."""
    return file.stem.isidentifier() and file.name != "__init__.py"


def hot_sources(package: Path = PACKAGE) -> dict[str, Path]:
    """The hot modules by name, with their source files."""
    beside = package.parent
    files = sorted(file for pattern in HOT for file in beside.glob(pattern) if _is_module(file))
    return {".".join(file.relative_to(beside).with_suffix("").parts): file for file in files}


def manifest_of(package: Path = PACKAGE) -> dict[str, object]:
    """The manifest that fits the sources and this Python."""
    beside = package.parent
    files = sorted(file for pattern in COMPILED_FROM for file in beside.glob(pattern) if _is_module(file))
    sources = {str(file.relative_to(beside)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return {"python": SUFFIX, "sources": sources}


def binaries(package: Path = PACKAGE) -> list[Path]:
    """The files that a build for this Python makes, without the manifest."""
    shared = package / f"{GROUP.rpartition('.')[2]}__mypyc{SUFFIX}"
    return [shared, *(file.with_suffix(SUFFIX) for file in hot_sources(package).values())]


def left_of_builds(directory: Path) -> list[Path]:
    """The binaries of any build for this Python, within a directory of the packages."""
    packages = {pattern.partition("/")[0] for pattern in HOT}
    return [file for name in sorted(packages) for file in (directory / name).rglob(f"*{SUFFIX}")]


def why_interpreted(wanted: str, package: Path = PACKAGE) -> str:
    """Why the sources are to run; empty if the binaries are."""
    if wanted == NEVER:
        return f"{VARIABLE}={NEVER}"
    try:
        written = json.loads((package / MANIFEST).read_text())
    except FileNotFoundError:
        return "nothing is built (scripts/build does)"
    except (OSError, ValueError) as error:
        return f"{package / MANIFEST} cannot be read ({error}): scripts/build writes it"
    try:
        fitting = manifest_of(package)
    except OSError as error:
        return f"a source cannot be read: {error}"
    if not isinstance(written, dict) or written.get("python") != fitting["python"]:
        return "what is built is for another Python (scripts/build builds for this one)"
    if written != fitting:
        return "the sources are newer than what is built (scripts/build builds anew)"
    if not all(file.exists() and file.stat().st_size for file in binaries(package)):
        return "a part of what was built is missing (scripts/build builds anew)"
    return ""


class _Sources(MetaPathFinder):
    """Finds the sources of the matcher's modules, and of all hot ones, also if binaries of some build lie beside them.

    compiled: the modules whose binaries are to be found.
    """

    def __init__(self, compiled: Collection[str]) -> None:
        self._compiled = compiled
        self._hot = hot_sources()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self._compiled:
            return None
        package, *parts = fullname.split(".")
        if package == PACKAGE.name:
            source = PACKAGE.joinpath(*parts).with_suffix(".py")
            return importlib.util.spec_from_file_location(fullname, source) if source.is_file() else None
        hot = self._hot.get(fullname)
        return None if hot is None else importlib.util.spec_from_file_location(fullname, hot)


def choose(environment: Mapping[str, str] = os.environ) -> Core:
    """Decide which core this process imports. Call it before any hot module is imported."""
    core = Core(why_interpreted(environment.get(VARIABLE, AUTO)))
    sys.meta_path.insert(0, _Sources(hot_sources() if core.kind == COMPILED else ()))
    return core
