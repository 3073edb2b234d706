"""The events of hftbacktest (https://hftbacktest.readthedocs.io/en/latest/data.html): one array in an .npz file.

Level-2 gives depth and trades, level-3 order by order gives orders, fills and trades. The rules of that reader:

- An event is for the exchange at `exch_ts`, for the reader at `local_ts`. Both ascend, so each row is for both.
- The side of a trade is the taker's, that of all other events the side of the book.
- A fill changes no book: what is left of the order follows, by a change or a cancel.
- An order that is changed keeps its place, unless its price is another or it is larger. One that has lost its place in
  another way is canceled and added.
- A book begins with a clear, where it is not empty.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from matching_exchange.columns.units import Decimals
from matching_exchange.tools.export.errors import UsageError
from matching_exchange.tools.export.kinds import LEVEL_2, Row
from matching_exchange.tools.export.output import Output
from matching_exchange.tools.export.writers import Order
from matching_exchange.tools.export.writers.queues import Move, Queues, Step
from protocol.units import MAX_INTEGER

DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
ADD, CANCEL, MODIFY, FILL = 10, 11, 12, 13

FOR_BOTH: Final = 1 << 31 | 1 << 30
"""For the exchange and for the reader."""

BUY: Final = 1 << 29
SELL: Final = 1 << 28

SIDES: Final = {"buy": BUY, "sell": SELL, None: 0}
OTHER_SIDE: Final = {"buy": SELL, "sell": BUY}

EVENT: Final = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ],
    align=True,
)

ARRAY: Final = "data"
"""The name of the array in the file."""

COPIED_BYTES: Final = 1024 * 1024

Event = tuple[int, int, int, float, float, int, int, float]


class HftbacktestWriter:
    """Keeps the events in a file of their own: the array begins with how many there are."""

    def __init__(self, order: Order, output: Output) -> None:
        self._order = order
        self._output = output
        self._events_of: Callable[[Row], list[Event]] = self._level_2 if order.kind is LEVEL_2 else self._level_3
        self._kept = output.spool()
        self._queues = Queues()
        self._price = self._quantity = 1
        self.count = 0

    def write(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        decimals = self._order.decimals[rows[0][0]]
        self._set_units(decimals)
        if rows[-1][1] > MAX_INTEGER - self._order.latency:
            raise UsageError("--latency: takes nanoseconds that fit in 63 bits with the time of each event")
        events = [event for row in rows for event in self._events_of(row)]
        self._kept.write(np.array(events, dtype=EVENT).tobytes())
        self.count += len(events)

    def finish(self) -> None:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": np.lib.format.dtype_to_descr(EVENT), "fortran_order": False, "shape": (self.count,)}
        )
        self._kept.seek(0)
        with (
            zipfile.ZipFile(self._output.file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(f"{ARRAY}.npy", "w", force_zip64=True) as array,
        ):
            array.write(header.getvalue())
            while data := self._kept.read(COPIED_BYTES):
                array.write(data)

    def _set_units(self, decimals: Decimals) -> None:
        # A float of the format: the quotient of two whole numbers is the one nearest to the decimal.
        self._price, self._quantity = 10**decimals.price, 10**decimals.quantity

    def _event(self, kind: int, time: int, price: int | None, quantity: int | None, order_id: int = 0) -> Event:
        return (
            FOR_BOTH | kind,
            time,
            time + self._order.latency,
            (price or 0) / self._price,
            (quantity or 0) / self._quantity,
            order_id,
            0,
            0.0,
        )

    def _level_2(self, row: Row) -> list[Event]:
        _, time, _, event, side, price, quantity, _ = row
        kind = {"clear": CLEAR, "snapshot": SNAPSHOT, "trade": TRADE}.get(event, DEPTH)
        return [self._event(kind | SIDES[side], time, price, quantity)]

    def _level_3(self, row: Row) -> list[Event]:
        return [event for step in self._queues.steps(row) for event in self._of_step(step)]

    def _of_step(self, step: Step) -> list[Event]:
        move, time, order_id, side, price, quantity, left = step
        match move:
            case Move.CLEAR:
                return [self._event(CLEAR, time, None, None)]
            case Move.ENTER:
                return [self._event(ADD | SIDES[side], time, price, quantity, order_id)]
            case Move.LEAVE:
                return [self._event(CANCEL | SIDES[side], time, price, quantity, order_id)]
            case Move.REDUCE:
                return [self._event(MODIFY | SIDES[side], time, price, left, order_id)]
            case _:
                return [
                    self._event(TRADE | OTHER_SIDE[side], time, price, quantity),
                    self._event(FILL | SIDES[side], time, price, quantity, order_id),
                    self._event((MODIFY if left else CANCEL) | SIDES[side], time, price, left, order_id),
                ]
