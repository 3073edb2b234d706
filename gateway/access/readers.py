"""Who may read the metrics: whoever is on this machine, and elsewhere an administrator."""

from typing import Final

from starlette.types import Scope

from gateway.access.admin import Administrators
from gateway.config import ANYONE
from gateway.http.errors import HttpError
from matching_exchange.process.settings import is_loopback

FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})
"""Headers of proxies. What one has passed on comes from elsewhere, for all that is known here."""


class Readers:
    """access: ANYONE, or who is not local needs a token. has_tokens: whether any is set."""

    def __init__(self, access: str, administrators: Administrators, *, has_tokens: bool) -> None:
        self._open = access == ANYONE
        self._administrators = administrators
        self._has_tokens = has_tokens

    def guard(self, scope: Scope) -> None:
        """HttpError where the caller may not read."""
        if self._open or is_local(scope):
            return
        if not self._has_tokens:
            raise HttpError(
                "unauthorized",
                "From elsewhere, metrics need an administrator's token: set GATEWAY_ADMIN_TOKEN, or "
                "GATEWAY_METRICS_ACCESS=anyone.",
            )
        self._administrators.guard(scope)


def is_local(scope: Scope) -> bool:
    """Whether the request comes from a process of this machine, and no proxy has passed it on."""
    client = scope.get("client")
    if not client or not is_loopback(client[0]):
        return False
    return not any(name in FORWARDED for name, _ in scope["headers"])
