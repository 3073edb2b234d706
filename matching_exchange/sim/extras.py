"""Packages that only some users need. Each is imported where it is used."""

from importlib import import_module
from typing import Any


class MissingExtraError(ImportError):
    """A package of an extra is not installed. The message says how to get it."""


def require(package: str, extra: str = "lab") -> Any:
    """The package. Raises MissingExtraError if it is not installed; `extra` is the one that brings it."""
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"{error.name} is not installed: pip install 'matching-exchange[{extra}]' brings it"
        ) from error
