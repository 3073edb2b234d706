"""A database that fails is asked again, and told of now and then."""

import pytest
from structlog.testing import capture_logs

from history.follower import retrier
from history.follower.retrier import Retrier
from history.follower.stop import Stop, StoppedError
from history.writing.interface import StoreFailedError, StoreRefusedError


class Database:
    """Fails so often."""

    def __init__(self, fails: int) -> None:
        self.asked = 0
        self._fails = fails

    def ask(self) -> str:
        self.asked += 1
        if self.asked <= self._fails:
            raise StoreFailedError("db: it is away")
        return "done"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrier, "RETRY_SECONDS", (0.001, 0.002))


def test_it_asks_until_it_is_done_and_tells_that_once() -> None:
    database = Database(20)
    with capture_logs() as logs:
        assert Retrier(Stop())(database.ask) == "done"
    assert database.asked == 21
    assert [(line["event"], line.get("error")) for line in logs] == [
        ("the database fails: it is asked again", "db: it is away"),
        ("the database works again", None),
    ]


def test_what_is_refused_is_not_asked_again() -> None:
    def ask() -> None:
        raise StoreRefusedError("db: it is of a later release")

    with capture_logs() as logs, pytest.raises(StoreRefusedError):
        Retrier(Stop())(ask)
    assert logs == []


def test_it_gives_up_where_the_process_is_to_end() -> None:
    stop = Stop()

    def ask() -> None:
        stop.wanted = True
        raise StoreFailedError("db: it is away")

    with pytest.raises(StoppedError):
        Retrier(stop)(ask)
