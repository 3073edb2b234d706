"""The version of this project: pyproject.toml takes it from here, so that a checkout that was never installed knows it
as well."""

from typing import Final

VERSION: Final = "0.2.0"
