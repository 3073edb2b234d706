"""Answers of an exchange that is not there."""

from typing import Any

import httpx

Answer = httpx.Response | Exception


def order(**changes: Any) -> dict[str, Any]:
    """The JSON of an order."""
    return {
        "order_id": "7",
        "client_order_id": "mine",
        "account": "ann",
        "symbol": "BTC-USDT",
        "side": "buy",
        "order_type": "limit",
        "price": "60000.01",
        "trigger_price": None,
        "status": "open",
        "resting": True,
        "quantity": "0.5",
        "filled_quantity": "0",
        "remaining_quantity": "0.5",
        "prevented_quantity": "0",
        "average_price": None,
        "trades": [],
        "reason": None,
        "reserved": None,
        "sequence": 42,
        "timestamp": "2026-11-22T12:00:00.000Z",
        "updated_sequence": 42,
        "updated": "2026-11-22T12:00:00.000Z",
        "working_since": "2026-11-22T12:00:00.000Z",
        **changes,
    }


def taken(**changes: Any) -> httpx.Response:
    return httpx.Response(200, json=order(**changes))


def problem(status: int, code: str, field: str | None = None, retry_after: str | None = None) -> httpx.Response:
    headers = {"content-type": "application/problem+json"}
    if retry_after is not None:
        headers["retry-after"] = retry_after
    document = {"type": f"urn:problem-type:{code}", "title": code, "status": status, "detail": "Why.", "code": code}
    return httpx.Response(status, json={**document, "field": field} if field else document, headers=headers)


def cut() -> Exception:
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


def not_there() -> Exception:
    return httpx.ConnectError("[Errno 111] Connection refused")


class Exchange:
    """Gives these answers, one after the other, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.__call__)

    @property
    def is_done(self) -> bool:
        """Whether all answers were given."""
        return not self._answers
