"""One connection of the Binance WebSocket API that costs its client little: frames that are bytes already, and hardly a
parser.

Frames have the mask zero: the server takes it off like any other one. For one thread.
"""

import socket
import time
from http import HTTPStatus
from typing import Any, Final

import msgspec

from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.signers import Sign

RECEIVED: Final = 262_144
PATIENCE: Final = 120.0

STAMP_DIGITS: Final = 13
"""Digits of a time in milliseconds, up to the year 2286."""

PATH: Final = "/ws-api/v3"

TEXT, PING, PONG = 0x81, 0x89, 0x8A
MASK: Final = bytes(4)
SHORT, IN_TWO_BYTES, IN_EIGHT_BYTES = 126, 126, 127


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def begin_frame(kind: int, size: int) -> bytes:
    """What comes before a payload of so many bytes, fewer than 65,536."""
    if size < SHORT:
        return bytes((kind, 0x80 | size)) + MASK
    return bytes((kind, 0x80 | IN_TWO_BYTES)) + size.to_bytes(2) + MASK


def begin_request(number: int, method: str, parameters: dict[str, str]) -> bytes:
    """The frame of a request without its end, which `stamp` makes."""
    request = msgspec.json.encode({"id": number, "method": method, "params": {**parameters, "timestamp": 0}})
    begun = request.removesuffix(b"0}}")
    return begin_frame(TEXT, len(begun) + STAMP_DIGITS + 2) + begun


def stamp() -> bytes:
    """The end of every request that is sent now."""
    return b"%d}}" % now()


class ApiSession:
    """A context manager: inside, the holder of a key has logged on."""

    def __init__(self, port: int, api_key: str, sign: Sign) -> None:
        self._address = "127.0.0.1", port
        self._api_key = api_key
        self._sign = sign
        self._received = b""

    def __enter__(self) -> "ApiSession":
        self._socket = socket.create_connection(self._address, PATIENCE)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open()
            self._log_on()
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, frames: bytes) -> None:
        """Send whole frames."""
        self._socket.sendall(frames)

    def receive(self) -> list[bytes]:
        """The texts that have come; waits for the first. BenchError where none comes."""
        texts: list[bytes] = []
        while not texts:
            try:
                received = self._socket.recv(RECEIVED)
            except TimeoutError as error:
                raise BenchError(f"the WebSocket API did not answer within {PATIENCE:g} seconds") from error
            if not received:
                raise BenchError("the gateway closed the connection of the WebSocket API")
            self._take(self._received + received, texts)
        return texts

    def _take(self, data: bytes, texts: list[bytes]) -> None:
        """Take in all whole frames, and keep the rest."""
        start, size = 0, len(data)
        while size - start >= 2:
            kind, length, begin = data[start], data[start + 1], start + 2
            if length >= IN_TWO_BYTES:
                width = 2 if length == IN_TWO_BYTES else 8
                length, begin = int.from_bytes(data[begin : begin + width]), begin + width
            end = begin + length
            if end > size:
                break
            if kind == TEXT:
                texts.append(data[begin:end])
            elif kind == PING:
                self.send(begin_frame(PONG, length) + data[begin:end])
            else:
                raise BenchError(f"the WebSocket API sent a frame of the kind {kind:#x}")
            start = end
        self._received = data[start:]

    def _open(self) -> None:
        head = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self._address[1]}\r\nUpgrade: websocket\r\n"
        head += "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        head += "Sec-WebSocket-Version: 13\r\n\r\n"
        self.send(head.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = self._socket.recv(RECEIVED)
            if not received:
                raise BenchError("the gateway closed the connection instead of opening the WebSocket API")
            answer += received
        answer, _, self._received = answer.partition(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise BenchError(f"the WebSocket API was refused: {answer.decode(errors='replace')}")

    def _log_on(self) -> None:
        """As the contract says: the parameters are signed by the order of their names."""
        timestamp = now()
        signature = self._sign(f"apiKey={self._api_key}&timestamp={timestamp}".encode())
        parameters = {"apiKey": self._api_key, "timestamp": timestamp, "signature": signature}
        request = msgspec.json.encode({"id": 0, "method": "session.logon", "params": parameters})
        self.send(begin_frame(TEXT, len(request)) + request)
        answers = self.receive()
        found = msgspec.json.decode(answers[0], type=dict[str, Any])
        if len(answers) != 1 or found["status"] != HTTPStatus.OK:
            raise BenchError(f"the WebSocket API lets nobody log on: {answers[0].decode(errors='replace')}")
