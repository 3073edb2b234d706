"""What a test does with an exchange, whichever kind it is."""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from matching_exchange.testing.faults import Faults
from matching_exchange.testing.http import Call

Instrument = str | Mapping[str, Any]
"""The fields of a table of an instrument list, or a symbol alone: its other fields are those of STANDARD."""

STANDARD: Final[Mapping[str, Any]] = {
    "tick_size": "0.01",
    "lot_size": "0.00001",
    "min_quantity": "0.00001",
    "max_quantity": "9000",
    "max_price": "10000000",
    "min_notional": "1",
    "maker_fee_bps": 10,
    "taker_fee_bps": 20,
}
"""As BTC-USDT has them."""


def fields_of(instrument: Instrument) -> dict[str, Any]:
    """All fields. ValueError for a symbol alone that does not name its assets."""
    if not isinstance(instrument, str):
        return dict(instrument)
    base, _, quote = instrument.partition("-")
    if not base or not quote:
        raise ValueError(f"instruments: {instrument!r}: takes a symbol as in BTC-USDT, or a dict of all fields")
    return {"symbol": instrument, "base": base, "quote": quote, **STANDARD}


def write_instruments(instruments: Sequence[Instrument], path: Path) -> Path:
    """Write them as an instrument list that a matcher reads. ValueError as `fields_of`."""
    tables = [
        "\n".join(["[[instrument]]", *(f"{name} = {json.dumps(value)}" for name, value in fields_of(each).items())])
        for each in instruments
    ]
    path.write_text("\n\n".join(tables) + "\n")
    return path


class Surface:
    """call: `call(method, path, body=None, **parameters)` makes a call of the native dialect with an administrator's
    rights. It gives the JSON of the answer, or raises CallError. token: of an administrator; None where none is set."""

    def __init__(self, call: Call, token: str | None) -> None:
        self.call = call
        self._token = token
        self.faults = Faults(call)
        self._transfers = count(1)

    def _with_token(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a client, which may make calls of administrators too."""
        return {"admin_token": self._token, **options}

    def deposit(self, account: str, **amounts: str | int) -> None:
        """Put money on an account: `deposit("alice", USDT="1000", BTC=2)`. From the first deposit on it pays for what
        it buys."""
        for asset, amount in amounts.items():
            if not isinstance(amount, str | int):
                raise TypeError(f"{asset}: takes a decimal text or a whole number, not {type(amount).__name__}")
            body = {"asset": asset, "amount": str(amount), "transfer_id": f"testing-{next(self._transfers)}"}
            self.call("POST", f"/admin/accounts/{account}/deposit", body)

    def make_key(self, account: str, **more: Any) -> dict[str, Any]:
        """Make an API key, which tells its `key` and `secret`. more: other fields of POST /admin/keys."""
        key: dict[str, Any] = self.call("POST", "/admin/keys", {"account": account, **more})
        return key

    def add_instrument(self, instrument: Instrument) -> str:
        """Add or change an instrument; its symbol."""
        symbol: str = self.call("POST", "/admin/instruments", fields_of(instrument))["symbol"]
        return symbol
