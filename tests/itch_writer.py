"""Writes Nasdaq ITCH 5.0: a stream of binary messages, each behind its length in two bytes."""

from struct import pack

PADDING = {"R": 39, "Y": 20, "H": 25}


class ItchWriter:
    """`locate` is the stock's. Times are nanoseconds since midnight."""

    def __init__(self, stock: str = "ABC", locate: int = 7) -> None:
        self.data = b""
        self._stock = stock.encode().ljust(8)
        self._locate = locate
        self._match = 0

    def _put(self, kind: str, time: int, body: bytes, locate: int | None = None) -> "ItchWriter":
        head = kind.encode() + pack(">HH", self._locate if locate is None else locate, 0) + time.to_bytes(6)
        message = (head + body).ljust(PADDING.get(kind, 0), b"\0")
        self.data += pack(">H", len(message)) + message
        return self

    def system(self, time: int, code: str) -> "ItchWriter":
        return self._put("S", time, code.encode(), 0)

    def directory(self, time: int) -> "ItchWriter":
        return self._put("R", time, self._stock)

    def state(self, time: int, state: str) -> "ItchWriter":
        return self._put("H", time, self._stock + state.encode())

    def add(self, time: int, order: int, side: str, shares: int, price: int, by: str = "") -> "ItchWriter":
        body = pack(">QcI8sI", order, side.encode(), shares, self._stock, price) + by.encode()
        return self._put("F" if by else "A", time, body)

    def execute(self, time: int, order: int, shares: int) -> "ItchWriter":
        self._match += 1
        return self._put("E", time, pack(">QIQ", order, shares, self._match))

    def execute_at(self, time: int, order: int, shares: int, price: int, printable: str = "Y") -> "ItchWriter":
        self._match += 1
        return self._put("C", time, pack(">QIQcI", order, shares, self._match, printable.encode(), price))

    def reduce(self, time: int, order: int, shares: int) -> "ItchWriter":
        return self._put("X", time, pack(">QI", order, shares))

    def delete(self, time: int, order: int) -> "ItchWriter":
        return self._put("D", time, pack(">Q", order))

    def replace(self, time: int, order: int, new: int, shares: int, price: int) -> "ItchWriter":
        return self._put("U", time, pack(">QQII", order, new, shares, price))

    def hidden(self, time: int, shares: int, price: int) -> "ItchWriter":
        self._match += 1
        return self._put("P", time, pack(">QcI8sIQ", 0, b"B", shares, self._stock, price, self._match))

    def cross(self, time: int, shares: int, price: int, kind: str = "O") -> "ItchWriter":
        self._match += 1
        return self._put("Q", time, pack(">Q8sIQc", shares, self._stock, price, self._match, kind.encode()))

    def raw(self, kind: str, time: int, body: bytes) -> "ItchWriter":
        return self._put(kind, time, body)
