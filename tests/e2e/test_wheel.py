"""The package as a user installs it: what the wheel holds, and the command that comes with it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from matcher.compiled import AUTO, MANIFEST, NEVER, VARIABLE, binaries
from matching_exchange.cli import COMMANDS
from matching_exchange.process.version import VERSION
from matching_exchange.tools.build import what_hinders
from matching_exchange.tools.help import MODULES
from matching_exchange.tools.processes import free_ports
from tests.checkout import make_few_modules_hot
from tests.exchange import ROOT, clean_environment, wait_until
from tests.scripts import assert_gone, is_lively, own_endpoints, running

PACKAGES = ("gateway", "history", "matcher", "matching_exchange", "protocol")

QUICKLY = {"MYPYC_OPT_LEVEL": "0"}
"""What is built is looked at, and not how fast it is."""

MODULES_OF_WHEEL = ("matcher/core/levels.py", "matching_exchange/sim/logarithms.py")
"""Those that are compiled, of two packages."""

INSTALL_PATIENCE = 600
"""How many seconds the installation of all dependencies may take."""

needs_network = pytest.mark.skipif(
    "RUN_INSTALL_TESTS" not in os.environ, reason="RUN_INSTALL_TESTS is not set: it installs packages from the network"
)

_hindrance = what_hinders(os.environ.get(VARIABLE, AUTO), os.environ)
needs_compiler = pytest.mark.skipif(bool(_hindrance), reason=f"the core cannot be compiled here: {_hindrance}")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout. A part of its core is compiled where this machine has a compiler."""
    return make_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Python finds what the wheel holds, before this checkout."""
    directory = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return clean_environment({**own_endpoints(), "PYTHONPATH": str(directory)})


def make_wheel(directory: Path, **environment: str) -> Path:
    """Make it in a copy: a build leaves files behind."""
    checkout = directory / "checkout"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", MANIFEST))
    for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, checkout)
    make_few_modules_hot(checkout, MODULES_OF_WHEEL)
    options = ["--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--wheel-dir", str(directory)]
    call(
        [sys.executable, "-m", "pip", "wheel", *options, str(checkout)],
        directory,
        {**os.environ, **QUICKLY, **environment},
    )
    [wheel] = directory.glob("*.whl")
    return wheel


def held_by(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def core_of(wheel: Path, directory: Path) -> str:
    """The core that runs where the wheel is installed, and why."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    environment = {**clean_environment(), "PYTHONPATH": str(directory), VARIABLE: AUTO}
    program = "import matcher.core.levels; print(matcher.CORE.kind, matcher.CORE.reason, matcher.core.levels.__file__)"
    return call([sys.executable, "-P", "-c", program], directory, environment).stdout


def call(
    command: list[str], directory: Path, environment: dict[str, str] | None = None, status: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=INSTALL_PATIENCE
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def assert_demo_runs(command: list[str], directory: Path, environment: dict[str, str]) -> None:
    """In the directory, with its data there."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with running([*command, "demo", f"--port={port}"], directory, environment) as script:
        wait_until(lambda: is_lively(url, "BTC-USDT") or script.process.poll() is not None, "a lively market")
        assert script.interrupt() == 0, script.text()
    assert "Traceback" not in script.text()
    assert f"dashboard    {url}/" in script.text()
    assert_gone(url, directory / "data-demo")


def test_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    held = held_by(wheel)
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"matching_exchange-{VERSION}.dist-info/METADATA").decode()
    files = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".so" and path.name != MANIFEST
    }
    assert {name for name in held if not name.endswith((".so", MANIFEST))} == files
    assert {f"{package}/py.typed" for package in PACKAGES} < held
    assert "License-Expression: MIT\n" in metadata
    assert "Classifier: Typing :: Typed\n" in metadata


@needs_compiler
def test_wheel_has_the_compiled_core(wheel: Path, tmp_path: Path) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    compiled = {str(Path(name).with_suffix(suffix)) for name in MODULES_OF_WHEEL}
    shared, *_ = binaries()
    built = compiled | {str(shared.relative_to(ROOT)), f"matcher/{MANIFEST}"}
    assert {name for name in held_by(wheel) if name.endswith((".so", MANIFEST))} == built
    assert not wheel.name.endswith("-none-any.whl")
    assert core_of(wheel, tmp_path) == f"compiled  {tmp_path}/matcher/core/levels{suffix}\n"


@pytest.mark.parametrize("environment", [{"CC": "no-compiler"}, {VARIABLE: NEVER}], ids=["no_compiler", "never"])
def test_wheel_without_a_compiler_is_for_every_python(environment: dict[str, str], tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, **{VARIABLE: AUTO, **environment})
    assert wheel.name.endswith("-py3-none-any.whl")
    assert [name for name in held_by(wheel) if name.endswith((".so", MANIFEST))] == []
    directory = tmp_path / "unpacked"
    core = f"interpreted nothing is built (scripts/build does) {directory}/matcher/core/levels.py\n"
    assert core_of(wheel, directory) == core


def test_demo_runs_from_the_wheel_alone(unpacked: dict[str, str], tmp_path: Path) -> None:
    # Whose modules are not taken for the exchange's.
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__main__.py").write_text("raise SystemExit('another gateway')")
    assert_demo_runs([sys.executable, "-P", "-m", "matching_exchange"], tmp_path, unpacked)


def test_every_door_is_a_command() -> None:
    modules = {command.module for command in COMMANDS.values()}
    # Who has installed the package has a core that was built with it, or none.
    modules.add(MODULES["build"])
    # Those of a cluster's nodes have no script: they are run where a node is.
    without_script = {"adopt", "handover"}
    assert set(MODULES) - {"demo", "build"} == {name.replace("-", "_") for name in COMMANDS} - {"demo"} - without_script
    assert set(MODULES.values()) - modules == {"matching_exchange.tools.demo"}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_that_program(unpacked: dict[str, str], tmp_path: Path, command: str) -> None:
    done = call([sys.executable, "-m", "matching_exchange", command, "--version"], tmp_path, unpacked)
    program = "run" if command == "demo" else command.replace("-", "_")
    assert (done.stdout, done.stderr) == (f"{program} {VERSION}\n", "")


def test_help_names_every_command(unpacked: dict[str, str], tmp_path: Path) -> None:
    done = call([sys.executable, "-m", "matching_exchange", "--help"], tmp_path, unpacked)
    assert done.stderr == ""
    for name, command in COMMANDS.items():
        assert f"  {name:<12} {command.text}\n" in done.stdout


def test_version(unpacked: dict[str, str], tmp_path: Path) -> None:
    done = call([sys.executable, "-m", "matching_exchange", "--version"], tmp_path, unpacked)
    assert (done.stdout, done.stderr) == (f"matching-exchange {VERSION}\n", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "matching-exchange: the following arguments are required: COMMAND"),
        (["nonsense"], "matching-exchange: argument COMMAND: 'nonsense': takes one of run, demo, cluster, "),
        (["load_test"], "matching-exchange: argument COMMAND: 'load_test': takes one of run, demo, cluster, "),
        (["a\nb"], "matching-exchange: argument COMMAND: 'a\\nb': takes one of run, demo, cluster, "),
        (["--unknown"], "matching-exchange: "),
        (["run", "--unknown"], "run: unrecognized arguments: --unknown"),
        (["demo", "--port=0"], "run: argument --port: '0': takes a port from 1 to 65535"),
    ],
)
def test_nonsense_gets_one_line_and_status_2(
    unpacked: dict[str, str], tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = call([sys.executable, "-m", "matching_exchange", *arguments], tmp_path, unpacked, status=2)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.startswith(told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [name for name, command in COMMANDS.items() if command.needs is not None])
def test_a_command_without_its_extra_says_what_to_install(
    unpacked: dict[str, str], tmp_path: Path, command: str
) -> None:
    # As if it were not installed.
    program = "import sys; sys.modules['hdrh'] = None; from matching_exchange import cli; cli.main()"
    done = call([sys.executable, "-c", program, command], tmp_path, unpacked, status=2)
    assert done.stderr == (
        f"matching-exchange: {command} needs the extra bench: pip install 'matching-exchange[bench]'\n"
    )


@needs_network
@pytest.mark.timeout(INSTALL_PATIENCE + 60)
def test_demo_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    call([sys.executable, "-m", "venv", str(tmp_path / "venv")], tmp_path)
    call([str(tmp_path / "venv" / "bin" / "pip"), "install", "--quiet", str(wheel)], tmp_path)
    environment = {
        name: value
        for name, value in clean_environment(own_endpoints()).items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    program = str(tmp_path / "venv" / "bin" / "matching-exchange")
    assert call([program, "--version"], directory, environment).stdout == f"matching-exchange {VERSION}\n"
    assert call([program, "nonsense"], directory, environment, status=2).stderr.count("\n") == 1
    assert_demo_runs([program], directory, environment)
    assert sorted(path.name for path in directory.iterdir()) == ["data-demo", "output.txt"]
