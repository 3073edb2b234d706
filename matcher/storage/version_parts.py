"""The parts of a snapshot that hold the versions of accounts' statuses, and their way there and back."""

from collections.abc import Iterator

from msgspec import Struct

from matcher.core.registry import Registry
from matcher.storage.chunks import chunks


class AccountVersionsPart(Struct, frozen=True, tag="account_versions"):
    """Names of accounts with the versions of their statuses, and when one was changed last. Left out before the first
    one."""

    versions: list[tuple[str, int]]
    changed: int


def version_parts(registry: Registry) -> Iterator[AccountVersionsPart]:
    for versions in chunks(iter(registry.account_versions.all())):
        yield AccountVersionsPart(versions, registry.account_versions.changed)


def read_version_part(registry: Registry, part: AccountVersionsPart) -> None:
    registry.account_versions.changed = part.changed
    for name, version in part.versions:
        registry.account_versions.put(name, version)
