"""Builds the compiled core into wheels, and beside the sources (scripts/build). All else stands in pyproject.toml.

EXCHANGE_COMPILE: auto (compile if a C compiler works), always (or fail), never.
MYPYC_OPT_LEVEL: how much the C compiler optimizes, 0 to 3 (default). Less is built sooner, to test the build itself.
"""

import json
import os
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

ROOT = Path(__file__).parent
OPT_LEVEL = "MYPYC_OPT_LEVEL"
sys.path.insert(0, str(ROOT))

from matcher.compiled import (  # noqa: E402
    ALWAYS,
    AUTO,
    GROUP,
    MANIFEST,
    NEVER,
    PACKAGE,
    PRODUCTS,
    VARIABLE,
    hot_sources,
    left_of_builds,
    manifest_of,
)

PROBE = "#include <Python.h>\nint main(void) { return Py_IsInitialized(); }\n"


@cache
def compiles() -> bool:
    """Whether the core is compiled. Ends the build if it must be and cannot be."""
    wanted = os.environ.get(VARIABLE, AUTO)
    if wanted == NEVER:
        return False
    fault = _compiler_fault()
    if fault and wanted == ALWAYS:
        raise SystemExit(f"setup: {VARIABLE}={ALWAYS}: {fault}")
    if fault:
        print(f"The core is not compiled: {fault}. It runs interpreted.", file=sys.stderr)
    return not fault


def _compiler_fault() -> str:
    """Why nothing can be compiled here; empty if it can."""
    # setuptools brings it, under its old name, once it is imported.
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    compiler = new_compiler()
    customize_compiler(compiler)
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "probe.c")
        source.write_text(PROBE)
        try:
            compiler.compile([str(source)], output_dir=directory, include_dirs=[sysconfig.get_path("include")])
        except (CCompilerError, ExecError, PlatformError):
            return "no C compiler with Python's headers was found"
    return ""


class ExchangeDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return compiles()


class BuildCore(build_ext):
    """Compiles the hot modules and writes the manifest last: what is half built is never used.

    --report=FILE: write mypyc's report on what stays slow, and build nothing.
    """

    user_options = [*build_ext.user_options, ("report=", None, "write a report on what stays slow, and build nothing")]  # noqa: RUF012

    def initialize_options(self) -> None:
        super().initialize_options()
        self.report: str | None = None

    def finalize_options(self) -> None:
        # Of the sources as they are now: they may change while the compiler runs.
        self.manifest = manifest_of()
        if compiles() and not self.distribution.ext_modules:
            from mypyc.build import mypycify

            os.chdir(ROOT)
            sources = [str(file.relative_to(ROOT)) for file in hot_sources().values()]
            options = ["--config-file=", "--strict", "--follow-imports=silent", f"--python-executable={sys.executable}"]
            options += ["-a", self.report] if self.report else []
            target = self.build_temp or "build"
            self.distribution.ext_modules = mypycify(
                [*options, *sources], group_name=GROUP, target_dir=target, opt_level=os.environ.get(OPT_LEVEL, "3")
            )
            for extension in self.distribution.ext_modules:
                extension.extra_compile_args = [*extension.extra_compile_args, "-include", str(PRODUCTS)]
        super().finalize_options()

    def run(self) -> None:
        if self.report:
            return
        beside = ROOT if self.inplace or self.editable_mode else Path(self.build_lib)
        manifest = beside / PACKAGE.name / MANIFEST
        manifest.unlink(missing_ok=True)
        for left in left_of_builds(beside):
            left.unlink()
        super().run()
        if self.extensions:
            manifest.write_text(json.dumps(self.manifest, indent=1) + "\n")


setup(distclass=ExchangeDistribution, cmdclass={"build_ext": BuildCore})
