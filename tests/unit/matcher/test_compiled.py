"""Which core a process chooses: real imports, in a copy of the packages, of binaries that are there or not."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.compiled import (
    AUTO,
    COMPILED_FROM,
    MANIFEST,
    NEVER,
    PACKAGE,
    VARIABLE,
    binaries,
    hot_sources,
    manifest_of,
    why_interpreted,
)
from tests.exchange import PATIENCE, ROOT, clean_environment

SHOW = """
import importlib, sys, matcher
from matcher.compiled import hot_sources
files = [importlib.import_module(name).__file__ for name in hot_sources()]
print(matcher.CORE.kind, sum(file.endswith(".py") for file in files), len(files), sep=",")
print(matcher.CORE.reason)
"""

COUNT = len(hot_sources())

NEWER = "the sources are newer than what is built (scripts/build builds anew)"
ANOTHER = "what is built is for another Python (scripts/build builds for this one)"
MISSING = "a part of what was built is missing (scripts/build builds anew)"

needs_binaries = pytest.mark.skipif(bool(why_interpreted(AUTO)), reason=f"no compiled core: {why_interpreted(AUTO)}")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the matcher's package, with what is built of it, beside the packages that it needs."""
    for name in ("protocol", "matching_exchange", "matcher"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "matcher"


def chosen(package: Path, wanted: str = AUTO) -> tuple[str, str]:
    """The core that a process runs, which must be one throughout, and its reason."""
    environment = {**clean_environment(), "PYTHONPATH": str(package.parent), VARIABLE: wanted}
    done = subprocess.run(
        [sys.executable, "-P", "-c", SHOW],
        cwd=package.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    modules, reason = done.stdout.splitlines()
    kind, sources, count = modules.split(",")
    assert (int(sources), int(count)) == (COUNT if kind == "interpreted" else 0, COUNT)
    return kind, reason


def write_manifest(package: Path) -> None:
    (package / MANIFEST).write_text(json.dumps(manifest_of(package)))


@needs_binaries
@pytest.mark.parametrize("wanted", ["auto", "always", "nonsense"])
def test_a_fresh_build_runs(package: Path, wanted: str) -> None:
    """A bad value is told by the programs, which end."""
    assert chosen(package, wanted) == ("compiled", "")


def test_never_runs_the_sources(package: Path) -> None:
    assert chosen(package, NEVER) == ("interpreted", "EXCHANGE_COMPILE=never")


def test_without_a_build_the_sources_run(package: Path) -> None:
    (package / MANIFEST).unlink(missing_ok=True)
    assert chosen(package) == ("interpreted", "nothing is built (scripts/build does)")


@pytest.mark.parametrize("file", ["core/book.py", "engine.py", "reply.py", "../protocol/units.py"])
def test_a_source_that_was_changed_is_never_run_stale(package: Path, file: str) -> None:
    """Also one that is not compiled itself: the compiler has taken its constants over."""
    write_manifest(package)
    with (package / file).open("a") as source:
        source.write("\n# changed\n")
    assert chosen(package) == ("interpreted", NEWER)


@pytest.mark.parametrize("file", ["core/new.py", "../protocol/new.py"])
def test_a_source_that_is_new_is_never_left_out(package: Path, file: str) -> None:
    write_manifest(package)
    (package / file).touch()
    assert why_interpreted(AUTO, package) == NEWER


def test_times_of_files_do_not_matter(package: Path) -> None:
    written = manifest_of(package)
    for file in hot_sources(package).values():
        file.touch()
    assert manifest_of(package) == written


def test_a_build_for_another_python_is_not_run(package: Path) -> None:
    manifest = {**manifest_of(package), "python": ".cpython-310-x86_64-linux-gnu.so"}
    (package / MANIFEST).write_text(json.dumps(manifest))
    assert chosen(package) == ("interpreted", ANOTHER)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_a_manifest_that_cannot_be_read_is_told(package: Path, content: bytes) -> None:
    (package / MANIFEST).write_bytes(content)
    kind, reason = chosen(package)
    assert kind == "interpreted"
    assert reason.startswith(f"{package / MANIFEST} cannot be read (")
    assert reason.endswith("): scripts/build writes it")


@pytest.mark.parametrize("content", ["[]", "1", "null", "{}", '{"python": 1}'])
def test_a_manifest_of_another_shape_fits_nothing(package: Path, content: str) -> None:
    (package / MANIFEST).write_text(content)
    assert chosen(package) == ("interpreted", ANOTHER)


def test_a_directory_in_the_place_of_the_manifest(package: Path) -> None:
    (package / MANIFEST).unlink(missing_ok=True)
    (package / MANIFEST).mkdir()
    assert "cannot be read" in why_interpreted(AUTO, package)


@pytest.mark.parametrize("lost", range(0, COUNT + 1, 10))
def test_a_build_that_lost_a_part_is_not_run_by_half(package: Path, lost: int) -> None:
    write_manifest(package)
    for file in binaries(package):
        file.touch()
    binaries(package)[lost].unlink()
    assert chosen(package) == ("interpreted", MISSING)


def project_imports(file: Path) -> Iterator[Path]:
    """The files of this project that the file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            path = ROOT / name.replace(".", "/")
            yield from (found for found in (path.with_suffix(".py"), path / "__init__.py") if found.exists())


def test_all_that_the_compiler_reads_is_in_the_manifest() -> None:
    """Add what is missing to COMPILED_FROM."""
    reached: set[Path] = set()
    ahead = [*hot_sources().values()]
    while ahead:
        file = ahead.pop()
        if file not in reached:
            reached.add(file)
            ahead += project_imports(file)
    assert PACKAGE / "core" / "book.py" in reached
    known = {*hot_sources().values(), *(file for pattern in COMPILED_FROM for file in ROOT.glob(pattern))}
    empty = {file for file in reached if not file.read_text().strip()}
    assert {str(file.relative_to(ROOT)) for file in reached - known - empty} == set()


def test_an_editors_lock_file_is_no_source(package: Path) -> None:
    before = manifest_of(package)
    (package / "core" / ".#book.py").symlink_to("somebody@somewhere")
    assert manifest_of(package) == before


@needs_binaries
def test_an_empty_binary_is_a_missing_one(package: Path) -> None:
    write_manifest(package)
    binaries(package)[0].write_bytes(b"")
    assert why_interpreted(AUTO, package).startswith("a part of what was built is missing")


@needs_binaries
def test_a_binary_of_a_module_that_is_not_compiled_any_more_is_not_run(package: Path) -> None:
    write_manifest(package)
    chooser = package / "compiled.py"
    chooser.write_text(chooser.read_text().replace('    "matcher/sessions.py",\n', ""))
    for wanted in (AUTO, NEVER):
        done = subprocess.run(
            [
                sys.executable,
                "-P",
                "-c",
                "import sys; sys.path.insert(0, '.'); import matcher.sessions as m; print(m.__file__)",
            ],
            cwd=package.parent,
            env={**clean_environment(), "EXCHANGE_COMPILE": wanted},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert Path(done.stdout.strip()).name == "sessions.py", done.stderr
