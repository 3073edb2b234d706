"""Why HTTP itself does not take a request, whatever call it makes. Each dialect tells these in its own form."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from gateway.http.bounds import MAX_BODY_BYTES, MAX_HEAD_BYTES

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Fault(Struct, frozen=True):
    """All errors of one code share this."""

    status: int
    detail: str


FAULTS: Final[dict[str, Fault]] = {
    "body_too_large": Fault(413, f"A body takes at most {MAX_BODY_BYTES} bytes."),
    "bad_request": Fault(400, "The request breaks a rule of HTTP; the connection is closed."),
    "request_timeout": Fault(408, "The whole request did not arrive in time; the connection is closed."),
    "request_line_too_long": Fault(414, f"A request line takes at most {MAX_HEAD_BYTES} bytes."),
    "content_encoding_not_supported": Fault(415, "Send the body as it is: no Content-Encoding is taken."),
    "expectation_failed": Fault(417, "Expect takes 100-continue and nothing else."),
    "host_not_allowed": Fault(421, "This Host is not served; GATEWAY_ALLOWED_HOSTS names those that are."),
    "head_too_large": Fault(431, f"The head and the trailers of a request take at most {MAX_HEAD_BYTES} bytes."),
    "transfer_coding_not_supported": Fault(501, "Transfer-Encoding takes chunked and nothing else."),
    "too_many_connections": Fault(503, "This gateway can hold no more connections; try again later."),
    "unauthorized": Fault(401, "The call needs the header Authorization: Bearer <admin token>."),
    "wrong_account": Fault(403, "The key acts for its own account only."),
    "permission_missing": Fault(403, "The key lacks the permission for this call."),
    "timestamp_outside_window": Fault(401, "timestamp is outside of the recvWindow."),
    "too_many_guesses": Fault(429, "Too many wrong tokens came from this address; try again later."),
    "keys_unavailable": Fault(503, "The keys are not known: the matcher does not answer. Nothing was changed."),
    "origin_not_allowed": Fault(403, "Pages of this origin may not call; GATEWAY_CORS_ORIGINS names those that may."),
    "not_found": Fault(404, "Nothing is at this path."),
    "method_not_allowed": Fault(405, "The path does not take this method; the Allow header tells those it takes."),
    "rate_limited": Fault(429, "Too much in a short time; Retry-After tells when to try again."),
    "too_many_open": Fault(429, "The address has too many connections or streams open; close some."),
    "too_many_streams": Fault(429, "This gateway serves no more streams; try again later."),
    "internal_error": Fault(500, "The gateway failed; its log tells more."),
    "overloaded": Fault(
        503, "The gateway is overloaded. The request waited too long; it was not taken, and never will be."
    ),
}


class HttpError(Exception):
    """Ends a request. `code` is one of FAULTS, `detail` replaces its text, `headers` go with the answer."""

    def __init__(self, code: str, detail: str = "", headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(code)
        fault = FAULTS[code]
        self.code = code
        self.status = fault.status
        self.detail = detail or fault.detail
        self.headers = headers
