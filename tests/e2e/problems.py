"""Problem documents, as every refusal over HTTP is told."""

import httpx

from tests.exchange import Json


def assert_problem(response: httpx.Response, status: int, code: str, field: str | None = None) -> Json:
    """The response is this problem, and a proper problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    problem: Json = response.json()
    assert (response.status_code, problem["code"], problem.get("field")) == (status, code, field), problem
    assert problem["status"] == status
    assert problem.keys() == {"type", "title", "status", "detail", "code", *(["field"] if field else [])}
    assert all(isinstance(problem[name], str) and problem[name] for name in ("type", "title", "detail"))
    assert "Traceback" not in response.text
    return problem
