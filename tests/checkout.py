"""Copies of this checkout, in which tests may build, change sources, or take away what is built."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from matcher.compiled import MANIFEST
from tests.exchange import ROOT, clean_environment

COMPILER_THAT_HANGS = """#!/bin/sh
echo $$ >>"$HANGING"
exec sleep 600
"""
COMPILER_THAT_FAILS = "#!/bin/sh\nexit 1\n"

FEW_MODULES = ("matcher/core/levels.py", "matcher/core/order.py")
"""Those that a quick build compiles."""


def make_few_modules_hot(root: Path, modules: Sequence[str] = FEW_MODULES) -> None:
    """Let a build in this copy take seconds. scripts/build builds all of them, by the same setup.py."""
    chooser = root / "matcher" / "compiled.py"
    few = "".join(f'    "{name}",\n' for name in modules)
    text, changes = re.subn(r"(?<=HOT: Final = \(\n).*?(?=\))", few, chooser.read_text(), count=1, flags=re.DOTALL)
    assert changes == 1
    chooser.write_text(text)


class Checkout:
    """A copy, with what is built here. Its programs run a core as `environment` says, by default as if none were
    asked for."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "checkout"
        self.work = directory / "work"
        self.work.mkdir()
        self._tools = directory
        unwanted = shutil.ignore_patterns("__pycache__")
        for name in ("gateway", "history", "matcher", "matching_exchange", "protocol", "requirements"):
            shutil.copytree(ROOT / name, self.root / name, ignore=unwanted)
        for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
            shutil.copy(ROOT / name, self.root)

    @property
    def manifest(self) -> Path:
        return self.root / "matcher" / MANIFEST

    def environment(self, **more: str) -> dict[str, str]:
        """EXCHANGE_COMPILE is not set, and modules are those of the copy."""
        clean = clean_environment({"PYTHONPATH": str(self.root), "PYTHONSAFEPATH": "1"})
        clean.pop("EXCHANGE_COMPILE", None)
        return {**clean, **more}

    def make_stale(self) -> None:
        with (self.root / "matcher" / "core" / "book.py").open("a") as source:
            source.write("\n# changed\n")

    def compiler(self, script: str) -> dict[str, str]:
        """Variables that make it the compiler."""
        path = self._tools / "compiler"
        path.write_text(script)
        path.chmod(0o755)
        return {"CC": str(path), "HANGING": str(self.hanging)}

    @property
    def hanging(self) -> Path:
        """The file in which COMPILER_THAT_HANGS writes its process id."""
        return self._tools / "hanging"

    def built(self) -> dict[str, bytes]:
        """What is built, by file."""
        files = [*(self.root / "matcher").rglob("*.so"), *self.root.glob(f"matcher/{MANIFEST}")]
        return {str(file.relative_to(self.root)): file.read_bytes() for file in files}
