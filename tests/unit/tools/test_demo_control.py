"""The demo's pause, speed and jump: from the gateway's calls over the socket to what the demo finds."""

import asyncio
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from gateway.config import GatewayConfig
from gateway.link import demo
from gateway.link.demo import NoDemoError
from gateway.link.errors import OutcomeUnknownError
from matching_exchange.tools.demo.control import Control, ControlError, ControlSocket, OtherDemoError
from protocol.demo import MAX_MESSAGE, RECORDING, SOCKET, DemoState, Steer, socket_path
from tests.unit.gateway.fakes import CONFIG, Answer, Gateway

BEGIN, END = 1_430_438_400_000_000_000, 1_430_438_460_500_000_000

NO_DEMO: dict[str, object] = {
    "running": False,
    "paused": None,
    "connected": None,
    "speed": None,
    "source": None,
    "symbols": [],
    "time": None,
    "begin": None,
    "end": None,
}


class Place:
    """A gateway and a demo's control that meet in a directory."""

    def __init__(self, directory: Path, config: GatewayConfig = CONFIG) -> None:
        self.control = Control(RECORDING, ["BTC-USD"])
        self.control.note(time=BEGIN, begin=BEGIN, end=END)
        self.directory = directory
        self.gateway = Gateway(structs.replace(config, data_dir=directory))

    def get(self) -> Answer:
        return self.gateway.request("GET", "/demo")

    def post(self, **body: object) -> Answer:
        return self.gateway.request("POST", "/admin/demo", body)


@pytest.fixture
def apart(short_path: Path) -> Iterator[Place]:
    """Without a demo that answers."""
    place = Place(short_path)
    with place.gateway:
        yield place


@pytest.fixture
def place(apart: Place) -> Iterator[Place]:
    with closing(ControlSocket(apart.directory, apart.control)):
        yield apart


def test_the_state_is_told(place: Place) -> None:
    place.control.note(connected=True)
    answer = place.get()
    assert (answer.status, answer.json) == (
        200,
        {
            "running": True,
            "paused": False,
            "connected": True,
            "speed": "1",
            "source": "recording",
            "symbols": ["BTC-USD"],
            "time": "2015-05-01T00:00:00.000Z",
            "begin": "2015-05-01T00:00:00.000Z",
            "end": "2015-05-01T00:01:00.500Z",
        },
    )


def test_a_pause_a_speed_and_a_jump_reach_the_demo(place: Place) -> None:
    told = place.post(paused=True, speed="2.5", jump_to="2015-05-01T02:00:30.25+02:00")
    assert told.status == 200
    assert (told.json["paused"], told.json["speed"], told.json["time"]) == (True, "2.5", "2015-05-01T00:00:30.250Z")
    assert place.get().json == told.json
    state = place.control.state
    assert (state.paused, state.speed) == (True, 250)
    assert place.control.take_jump() == BEGIN + 30_250_000_000
    assert place.control.take_jump() is None
    assert place.post(speed=1).json["paused"] is True
    assert place.post(paused=False).json["speed"] == "1"


def test_until_it_has_jumped_the_time_is_that_of_the_jump(place: Place) -> None:
    place.post(jump_to="2015-05-01T00:01:00Z")
    place.control.at(BEGIN + 1)
    assert place.get().json["time"] == "2015-05-01T00:01:00.000Z"
    place.control.take_jump()
    place.control.at(END)
    assert place.get().json["time"] == "2015-05-01T00:01:00.500Z"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"speed": "0.05"}, "invalid_value", "speed"),
        ({"speed": 101}, "invalid_value", "speed"),
        ({"speed": "1.005"}, "invalid_value", "speed"),
        ({"speed": "fast"}, "invalid_value", "speed"),
        ({"speed": 0}, "invalid_value", "speed"),
        ({"paused": "yes"}, "invalid_value", "paused"),
        ({"jump_to": "12:00"}, "invalid_value", "jump_to"),
        ({"jump_to": "2015-04-30T23:59:59.999999999Z"}, "invalid_value", "jump_to"),
        ({"jump_to": "2015-05-01T00:01:00.500000001Z", "paused": True}, "invalid_value", "jump_to"),
        ({"pause": True}, "unknown_field", "pause"),
    ],
)
def test_a_bad_change_changes_nothing(place: Place, body: dict[str, object], code: str, field: str) -> None:
    before = place.control.state
    assert place.post(**body).problem == (422, code, field)
    assert place.control.state == before
    assert place.control.take_jump() is None


def test_agents_alone_cannot_jump(place: Place) -> None:
    place.control.note(time=None, begin=None, end=None)
    assert place.post(jump_to="2015-05-01T00:00:30Z").problem == (422, "invalid_value", "jump_to")
    assert [place.get().json[name] for name in ("time", "begin", "end")] == [None, None, None]


def test_without_a_demo_nothing_runs(apart: Place) -> None:
    assert (apart.get().status, apart.get().json) == (200, NO_DEMO)
    assert apart.post(paused=True).problem == (404, "no_demo", None)


def test_a_gateway_that_knows_no_directory_has_no_demo() -> None:
    with Gateway() as gateway:
        assert gateway.request("GET", "/demo").json == NO_DEMO
        assert gateway.request("POST", "/admin/demo", {}).problem == (404, "no_demo", None)


def test_a_demo_that_answers_nonsense_has_an_unknown_outcome(apart: Place) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(apart.directory / SOCKET))
        listening.listen()
        apart.gateway.run(_answering(apart, listening))


async def _answering(apart: Place, listening: socket.socket) -> None:
    async def nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"nonsense")
        writer.close()

    async with await asyncio.start_unix_server(nonsense, sock=listening):
        assert (await apart.gateway._request("GET", "/demo", [b""], {})).json == NO_DEMO
        answer = await apart.gateway._request("POST", "/admin/demo", [b'{"paused":true}'], {})
        assert answer.problem == (504, "outcome_unknown", None)


def test_the_token_of_an_administrator_guards_the_change(short_path: Path) -> None:
    place = Place(short_path, structs.replace(CONFIG, admin_token="secret"))
    with place.gateway, closing(ControlSocket(short_path, place.control)):
        assert place.get().status == 200
        assert place.post(paused=True).problem == (401, "unauthorized", None)
        bearer = {"Authorization": "Bearer secret"}
        assert place.gateway.request("POST", "/admin/demo", {"paused": True}, bearer).json["paused"] is True


def test_the_socket_is_its_owners_and_goes_with_the_demo(apart: Place) -> None:
    path = apart.directory / SOCKET
    with closing(ControlSocket(apart.directory, apart.control)):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert not path.exists()
    assert apart.get().json == NO_DEMO


def test_the_socket_of_a_killed_demo_is_taken_over(apart: Place) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(apart.directory / SOCKET))
    with closing(ControlSocket(apart.directory, apart.control)):
        assert apart.get().json["running"] is True


def test_a_second_demo_is_refused(place: Place) -> None:
    with pytest.raises(OtherDemoError):
        ControlSocket(place.directory, Control(RECORDING, []))
    assert place.get().json["running"] is True


def test_what_speaks_another_language_gets_no_answer_and_stops_nobody(place: Place) -> None:
    for message in (b"", b"GET / HTTP/1.1\r\n\r\n", b"x" * MAX_MESSAGE):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place.directory / SOCKET))
            client.sendall(message)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(10) == b""
    assert place.get().json["running"] is True


def test_a_directory_too_deep_is_told(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(ControlError, match="has more than 103 bytes"):
        ControlSocket(deep, Control(RECORDING, []))


def test_a_relative_path_serves_a_deep_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.chdir(deep)
    assert socket_path(deep) == SOCKET
    with closing(ControlSocket(deep, Control(RECORDING, []))):
        assert (deep / SOCKET).exists()


def test_a_wait_ends_when_something_is_asked_for() -> None:
    control = Control(RECORDING, [])
    control.steer(Steer(paused=True))
    # Nothing is asked for any more: it lasts as long as it says, and no longer.
    control.wait(0.0)
    assert control.state.paused


def test_those_who_wait_for_a_demo_that_hangs_wait_no_longer_than_the_first(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "DEMO_SECONDS", 0.2)

    async def scenario() -> list[BaseException | DemoState]:
        market = demo.DemoMarket(short_path)
        return await asyncio.gather(*(market.steer(Steer()) for _ in range(50)), return_exceptions=True)

    with closing(socket.socket(socket.AF_UNIX)) as silent:
        silent.bind(str(socket_path(short_path)))
        silent.listen()
        outcomes = [type(outcome) for outcome in asyncio.run(scenario())]
    assert outcomes[0] is OutcomeUnknownError
    # The demo was not asked.
    assert NoDemoError in outcomes
    assert {*outcomes} == {OutcomeUnknownError, NoDemoError}
