"""Columns for Arrow and Parquet. Decimals are exact columns of 38 digits, times nanoseconds in UTC."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from matching_exchange.columns.units import Unit

DIGITS: Final = 38
"""Those of a decimal column: the most that 128 bits hold."""

MOST: Final = 10**DIGITS
BYTES: Final = 16

PLAIN: Final = {
    Unit.TEXT: pa.string(),
    Unit.COUNT: pa.int64(),
    Unit.TIME: pa.timestamp("ns", tz="UTC"),
    Unit.FLAG: pa.bool_(),
}


def decimal_array(values: Sequence[int | None], type_: Any) -> Any:
    """A decimal column of these integers, in units of its last decimal. They are copied bit by bit."""
    lacks = None in values
    present: Sequence[Any] = [0 if value is None else value for value in values] if lacks else values
    try:
        low = np.array(present, dtype=np.int64)
        # Little-endian, two's complement: the upper half repeats the sign.
        data = np.column_stack((low, low >> 63)).tobytes()
    except OverflowError:
        data = b"".join(value.to_bytes(BYTES, "little", signed=True) for value in present)
    valid, missing = None, 0
    if lacks:
        bits = np.array([value is not None for value in values], dtype=bool)
        valid = pa.py_buffer(np.packbits(bits, bitorder="little").tobytes())
        missing = len(values) - int(bits.sum())
    return pa.Array.from_buffers(type_, len(values), [valid, pa.py_buffer(data)], missing)
