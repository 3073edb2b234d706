"""The version of this project. pyproject.toml reads it here, so a checkout that is not installed knows it too."""

from typing import Final

VERSION: Final = "0.4.0"
