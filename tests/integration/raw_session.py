"""A session with the matcher of frames as a test writes them."""

from itertools import count

import zmq

from protocol import topics
from protocol.codec import decode_report, encode
from protocol.commands import VERSION, Ask, Hello, StatusQuery
from protocol.events import Pulse, QueryResult, Report, Welcome
from protocol.public_number import public_number
from protocol.sockets import open_commands, open_reports
from tests.exchange import PATIENCE, Matcher, wait_until

HELLO, COMMANDS, ASK = 1, 2, 3
PLACE = [1, "BTC-USDT", "default", 1, 2, 100_000, 100]
"""A PlaceOrder as it stands in a frame: tag, symbol, account, side, order type, quantity, price."""

_sessions = count(0x5E55)


class RawSession:
    """A session that sends whatever bytes it is given."""

    def __init__(self, matcher: Matcher) -> None:
        self.session = next(_sessions)
        self._context = zmq.Context()
        self._commands = open_commands(self._context, matcher.commands)
        self._reports = open_reports(self._context, matcher.reports, public_number(self.session))
        self._request = 0
        wait_until(self._is_welcome, "a welcome")

    def _is_welcome(self) -> bool:
        try:
            self.send(encode(Hello(VERSION, self.session)))
        except zmq.Again:
            return False
        return bool(self._reports.poll(50)) and isinstance(self._read(), Welcome)

    def send(self, *frames: bytes) -> None:
        self._commands.send_multipart(frames, zmq.NOBLOCK)

    def reports(self) -> list[Report]:
        """All reports to what was sent so far, but for the matcher's pulse: those before the result of a query."""
        self._request += 1
        self.send(encode(Ask(VERSION, self.session, self._request, StatusQuery())))
        reports: list[Report] = []
        while True:
            assert self._reports.poll(int(PATIENCE * 1000)), "no report came"
            report = self._read()
            if isinstance(report, QueryResult) and report.request == self._request:
                return reports
            if not isinstance(report, Pulse | Welcome):
                reports.append(report)

    def _read(self) -> Report:
        _, payload = self._reports.recv_multipart()
        report: Report = decode_report(payload)
        return report

    def listen_to(self, number: int) -> None:
        self._reports.subscribe(topics.reports(number))

    def close(self) -> None:
        self._commands.close()
        self._reports.close()
        self._context.term()


def commands_frame(
    session: int, *commands: object, version: object = VERSION, number: object = 1, answered: object = 0
) -> bytes:
    return encode([COMMANDS, version, session, number, answered, list(commands)])
