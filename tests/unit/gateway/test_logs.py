"""The logs of libraries."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.logs import configure_worker_logs


@pytest.fixture(autouse=True)
def worker_logs() -> Iterator[None]:
    """This process logs as a worker does, for the time of the test."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configure_worker_logs()
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_library_that_says_the_same_again_and_again_is_braked() -> None:
    library = logging.getLogger("library")
    with capture_logs() as logs:
        for number in range(100):
            library.warning("request %d is broken", number)
        library.error("another thing")
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "request 0 is broken"),
        ("error", "another thing"),
    ]


def test_another_exception_is_told_whatever_was_told_before() -> None:
    def fail(error: Exception) -> None:
        try:
            raise error
        except Exception:
            logging.getLogger("library").exception("failed")

    with capture_logs() as logs:
        for error in (ValueError("a"), ValueError("b"), KeyError("c")):
            fail(error)
    assert [line["exc_info"][0] for line in logs] == [ValueError, KeyError]


def test_what_libraries_tell_of_their_work_is_left_out() -> None:
    with capture_logs() as logs:
        logging.getLogger("library").info("working")
    assert logs == []
