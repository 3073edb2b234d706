"""Plain calls of an exchange, with nothing but the standard library."""

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

CALL_SECONDS: Final = 30.0
"""How long a call may take."""

Call = Callable[..., Any]
"""`call(method, path, body=None, **parameters)`: the JSON of an answer that tells success, or CallError."""


class CallError(Exception):
    """A call was refused, or no answer came. status: zero without an answer. code, field: of the problem; empty without
    one."""

    def __init__(self, message: str, status: int = 0, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field


def failed(what: str, status: int, body: bytes) -> CallError:
    """What the answer of another status than success tells."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    detail = problem.get("detail") or body.decode(errors="replace")
    return CallError(f"{what}: {status}: {detail}", status, problem.get("code", ""), problem.get("field") or "")


def target(path: str, parameters: dict[str, Any]) -> str:
    """The path with its query."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


class HttpCalls:
    """Calls over HTTP, each on a connection of its own. headers: go with each."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._place = urlsplit(url).netloc
        self._headers = headers

    def __call__(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any:
        """The JSON of an answer that tells success. CallError for another one, and where none comes."""
        what = f"{method} {path}"
        connection = HTTPConnection(self._place, timeout=CALL_SECONDS)
        headers = {"Content-Type": "application/json", **self._headers}
        try:
            connection.request(method, target(path, parameters), None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            status, told = response.status, response.read()
        except (OSError, HTTPException) as error:
            raise CallError(f"{what}: no answer: {error}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise failed(what, status, told)
        return json.loads(told)
