"""The administrator's calls."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs, to_builtins

from gateway.link.errors import MatcherUnavailableError, NoResultError, OutcomeUnknownError
from protocol.commands import DigestQuery, LoadBook, SaveBook, SetInstrument
from protocol.events import BookLoaded, BookSaved, CommandRefused, Digest, InstrumentSet
from protocol.saved_book import SavedBook
from protocol.units import InstrumentStatus, Refusal
from tests.unit.gateway.fakes import BTC, BTC_VIEW, CONFIG, SEQUENCE, TIMESTAMP, TIMESTAMP_TEXT, Gateway

NEW = {
    "symbol": "NEW-USDT",
    "base": "NEW",
    "quote": "USDT",
    "tick_size": "0.050",
    "lot_size": 1e-3,
    "max_quantity": 10,
    "max_price": "1e3",
}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[SetInstrument] = InstrumentSet(structs.replace(BTC, status=InstrumentStatus.HALTED))
        yield gateway


def test_a_new_instruments_units_come_from_its_tick_and_lot(gateway: Gateway) -> None:
    assert gateway.request("POST", "/admin/instruments", NEW).status == 200
    [command] = gateway.broker.commands
    assert command == SetInstrument(
        "NEW-USDT", 2, 3, base="NEW", quote="USDT", tick_size=5, lot_size=1, max_quantity=10_000, max_price=100_000
    )


def test_a_known_instrument_keeps_its_units_and_what_is_not_named(gateway: Gateway) -> None:
    answer = gateway.request(
        "POST",
        "/admin/instruments",
        {"symbol": "BTC-USDT", "status": "halted", "maker_fee_bps": 0, "min_notional": "10.5"},
    )
    [command] = gateway.broker.commands
    assert command == SetInstrument(
        "BTC-USDT", 2, 5, min_notional=105_000_000, maker_fee_bps=0, status=InstrumentStatus.HALTED
    )
    assert answer.json == {**BTC_VIEW, "status": "halted"}


def test_the_protection_of_an_instruments_price_is_set_and_told(gateway: Gateway) -> None:
    """Numbers in the instrument's units, times in milliseconds. null keeps a field, as everywhere."""
    protected = structs.replace(
        BTC,
        status=InstrumentStatus.HALTED,
        price_band_bps=5_000,
        reference_price=6_000_050,
        max_open_orders=200,
        max_order_notional=5 * 10**12,
        halt_bps=2_000,
        halt_window_ms=10_000,
        halt_ms=5_000,
        halted_until=TIMESTAMP,
    )
    gateway.broker.answers[SetInstrument] = InstrumentSet(protected)
    fields = {
        "price_band_bps": 5_000,
        "reference_price": "60000.5",
        "max_open_orders": 200,
        "max_order_notional": "500000",
        "halt_bps": 2_000,
        "halt_window_ms": 10_000,
        "halt_ms": 5_000,
    }
    answer = gateway.request("POST", "/admin/instruments", {"symbol": "BTC-USDT", "min_notional": None, **fields})
    assert gateway.broker.commands == [
        SetInstrument(
            "BTC-USDT",
            2,
            5,
            price_band_bps=5_000,
            reference_price=6_000_050,
            max_open_orders=200,
            max_order_notional=5 * 10**12,
            halt_bps=2_000,
            halt_window_ms=10_000,
            halt_ms=5_000,
        )
    ]
    assert answer.json == {**BTC_VIEW, **fields, "status": "halted", "halted_until": TIMESTAMP_TEXT}


def test_an_instrument_can_be_sent_as_it_is_shown(gateway: Gateway) -> None:
    """Also while it is halted: nobody sets the end of a halt."""
    gateway.request("POST", "/admin/instruments", {**BTC_VIEW, "halted_until": TIMESTAMP_TEXT})
    [command] = gateway.broker.commands
    assert isinstance(command, SetInstrument)
    assert command == SetInstrument(
        *("BTC-USDT", 2, 5, "BTC", "USDT", 1, 1, 1, 900_000_000, 10**9, 10**7, 10, 20, InstrumentStatus.TRADING)
    )


def test_zero_switches_each_protection_off_and_null_keeps_it(gateway: Gateway) -> None:
    numbers = ("price_band_bps", "max_open_orders", "halt_bps", "halt_window_ms", "halt_ms")
    decimals = ("reference_price", "max_order_notional")
    off = {**dict.fromkeys(numbers, 0), **dict.fromkeys(decimals, "0")}
    gateway.request("POST", "/admin/instruments", {"symbol": "BTC-USDT", **off})
    gateway.request("POST", "/admin/instruments", {"symbol": "BTC-USDT", **dict.fromkeys(off)})
    assert gateway.broker.commands == [
        SetInstrument(
            "BTC-USDT",
            2,
            5,
            price_band_bps=0,
            reference_price=0,
            max_open_orders=0,
            max_order_notional=0,
            halt_bps=0,
            halt_window_ms=0,
            halt_ms=0,
        ),
        SetInstrument("BTC-USDT", 2, 5),
    ]


def test_no_least_value_at_all_is_zero(gateway: Gateway) -> None:
    gateway.request("POST", "/admin/instruments", {"symbol": "BTC-USDT", "min_notional": 0})
    assert gateway.broker.commands == [SetInstrument("BTC-USDT", 2, 5, min_notional=0)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"symbol": None}, (422, "missing_field", "symbol")),
        ({"symbol": "new"}, (422, "invalid_value", "symbol")),
        ({"symbol": ".hidden"}, (422, "invalid_value", "symbol")),
        ({"symbol": "A" * 33}, (422, "invalid_value", "symbol")),
        ({"symbol": "A/B"}, (422, "invalid_value", "symbol")),
        ({"tick_size": None}, (422, "missing_field", "tick_size")),
        ({"lot_size": None}, (422, "missing_field", "lot_size")),
        ({"tick_size": "0"}, (422, "invalid_value", "tick_size")),
        ({"tick_size": "-0.01"}, (422, "invalid_value", "tick_size")),
        ({"tick_size": "0.0000000000001"}, (422, "invalid_value", "tick_size")),
        ({"tick_size": "x"}, (422, "invalid_value", "tick_size")),
        ({"lot_size": True}, (422, "invalid_value", "lot_size")),
        ({"max_price": "0.001"}, (422, "invalid_value", "max_price")),
        ({"max_price": "1e30"}, (422, "invalid_value", "max_price")),
        ({"price_band_bps": -1}, (422, "invalid_value", "price_band_bps")),
        ({"price_band_bps": 1_000_001}, (422, "invalid_value", "price_band_bps")),
        ({"price_band_bps": "100"}, (422, "invalid_value", "price_band_bps")),
        ({"reference_price": "0.001"}, (422, "invalid_value", "reference_price")),
        ({"reference_price": "-1"}, (422, "invalid_value", "reference_price")),
        ({"max_open_orders": 1_000_001}, (422, "invalid_value", "max_open_orders")),
        ({"max_order_notional": "1e30"}, (422, "invalid_value", "max_order_notional")),
        ({"halt_bps": 1_000_001}, (422, "invalid_value", "halt_bps")),
        ({"halt_window_ms": 3_600_001}, (422, "invalid_value", "halt_window_ms")),
        ({"halt_ms": 86_400_001}, (422, "invalid_value", "halt_ms")),
        ({"halted_until": 1}, (422, "invalid_value", "halted_until")),
        ({"max_quantity": 0}, (422, "invalid_value", "max_quantity")),
        ({"min_quantity": "0.0001"}, (422, "invalid_value", "min_quantity")),
        ({"min_notional": "-1"}, (422, "invalid_value", "min_notional")),
        ({"min_notional": "0.000001"}, (422, "invalid_value", "min_notional")),
        ({"maker_fee_bps": -1}, (422, "invalid_value", "maker_fee_bps")),
        ({"taker_fee_bps": 10_001}, (422, "invalid_value", "taker_fee_bps")),
        ({"taker_fee_bps": "20"}, (422, "invalid_value", "taker_fee_bps")),
        ({"taker_fee_bps": 2.5}, (422, "invalid_value", "taker_fee_bps")),
        ({"status": "closed"}, (422, "invalid_value", "status")),
        ({"base": 5}, (422, "invalid_value", "base")),
        ({"price_decimals": 2}, (422, "unknown_field", "price_decimals")),
    ],
)
def test_a_bad_field_of_an_instrument_is_named(
    gateway: Gateway, change: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    body = {name: value for name, value in {**NEW, **change}.items() if value is not None}
    assert gateway.request("POST", "/admin/instruments", body).problem == expected
    assert gateway.broker.commands == []


def test_a_finer_tick_than_the_known_one_is_refused(gateway: Gateway) -> None:
    for field in ("tick_size", "lot_size"):
        answer = gateway.request("POST", "/admin/instruments", {"symbol": "BTC-USDT", field: "0.000001"})
        assert answer.problem == (409, "instrument_fixed", field)
    assert gateway.broker.commands == []


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (
            CommandRefused(Refusal.INVALID_INSTRUMENT, "base", "takes 1 to 16 of A-Z 0-9"),
            (422, "invalid_instrument", "base"),
        ),
        (CommandRefused(Refusal.INSTRUMENT_FIXED, "quote"), (409, "instrument_fixed", "quote")),
        (CommandRefused(Refusal.TOO_MANY_INSTRUMENTS), (409, "too_many_instruments", None)),
    ],
)
def test_what_the_matcher_refuses_of_an_instrument_is_told(
    gateway: Gateway, refused: CommandRefused, expected: tuple[int, str, str | None]
) -> None:
    gateway.broker.answers[SetInstrument] = refused
    assert gateway.request("POST", "/admin/instruments", NEW).problem == expected


def test_a_book_is_saved(gateway: Gateway) -> None:
    gateway.broker.results[SaveBook] = BookSaved("BTC-USDT", "state/orderbook_BTC-USDT.json", 12)
    assert gateway.request("POST", "/admin/save?symbol=BTC-USDT").json == {
        "symbol": "BTC-USDT",
        "file": "state/orderbook_BTC-USDT.json",
        "orders": 12,
        "sequence": SEQUENCE,
        "timestamp": TIMESTAMP_TEXT,
    }


def test_a_book_is_loaded_without_its_contents_passing_through(gateway: Gateway) -> None:
    gateway.broker.answers[LoadBook] = BookLoaded("BTC-USDT", 11, [4])
    assert gateway.request("POST", "/admin/load?symbol=BTC-USDT").json == {
        "symbol": "BTC-USDT",
        "restored": 11,
        "skipped": ["4"],
        "sequence": SEQUENCE,
        "timestamp": TIMESTAMP_TEXT,
    }
    assert gateway.broker.commands == [LoadBook("BTC-USDT", None)]


def test_a_book_is_loaded_from_the_body(gateway: Gateway) -> None:
    gateway.broker.answers[LoadBook] = BookLoaded("BTC-USDT", 0, [])
    book = SavedBook(1, "BTC-USDT", 7, None, 0, [], [], [])
    body = {"book": to_builtins(book), "new_order_ids": True}
    assert gateway.request("POST", "/admin/load?symbol=BTC-USDT", body).json["restored"] == 0
    assert gateway.broker.commands == [LoadBook("BTC-USDT", book, new_order_ids=True)]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"books": {}}, "unknown_field", "books"),
        ({"book": {"format": 1}}, "invalid_value", "book"),
        ({"new_order_ids": "yes"}, "invalid_value", "new_order_ids"),
    ],
)
def test_a_bad_body_of_a_load_is_told(gateway: Gateway, body: dict[str, Any], code: str, field: str) -> None:
    assert gateway.request("POST", "/admin/load?symbol=BTC-USDT", body).problem == (422, code, field)


@pytest.mark.parametrize("path", ["/admin/save", "/admin/load"])
def test_a_book_is_named_by_its_symbol(gateway: Gateway, path: str) -> None:
    assert gateway.request("POST", path).problem == (422, "missing_field", "symbol")
    assert gateway.request("POST", f"{path}?symbol=NOPE").problem == (404, "unknown_symbol", "symbol")
    assert gateway.request("POST", f"{path}?symbol=../../etc/passwd").problem == (404, "unknown_symbol", "symbol")
    assert gateway.request("POST", f"{path}?file=x").problem == (422, "unknown_field", "file")


@pytest.mark.parametrize("refusal", [Refusal.NO_SAVED_BOOK, Refusal.INVALID_SAVED_BOOK, Refusal.SAVED_BOOK_TOO_LARGE])
def test_a_book_that_cannot_be_loaded_is_told(gateway: Gateway, refusal: Refusal) -> None:
    gateway.broker.answers[LoadBook] = CommandRefused(refusal, detail="line 3 column 7")
    answer = gateway.request("POST", "/admin/load?symbol=BTC-USDT")
    assert answer.problem == (409, refusal.name.lower(), None)
    assert answer.json["detail"] == "line 3 column 7"


def test_a_load_without_an_answer_has_an_unknown_outcome(gateway: Gateway) -> None:
    gateway.broker.answers[LoadBook] = OutcomeUnknownError("")
    assert gateway.request("POST", "/admin/load?symbol=BTC-USDT").problem == (504, "outcome_unknown", None)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (NoResultError(""), (504, "outcome_unknown", None)),
        (MatcherUnavailableError(""), (503, "matcher_unavailable", None)),
    ],
)
def test_a_save_without_a_result_has_an_unknown_outcome_if_it_was_asked_for(
    gateway: Gateway, failure: Exception, expected: tuple[int, str, None]
) -> None:
    gateway.broker.results[SaveBook] = failure
    assert gateway.request("POST", "/admin/save?symbol=BTC-USDT").problem == expected


CALLS = [("/admin/instruments", NEW), ("/admin/save?symbol=BTC-USDT", None), ("/admin/load?symbol=BTC-USDT", None)]


@pytest.mark.parametrize(("path", "body"), CALLS)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer S3CRET", "Basic s3cret", "Bearer s3cret ", "s3cret"],
)
def test_where_a_token_is_set_every_admin_call_needs_it(path: str, body: Any, header: str | None) -> None:
    with Gateway(structs.replace(CONFIG, admin_token="s3cret")) as gateway:
        answer = gateway.request("POST", path, body, {} if header is None else {"authorization": header})
        assert answer.problem == (401, "unauthorized", None)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert gateway.broker.commands == []
        assert gateway.broker.queries == []


def test_with_the_token_admin_calls_pass_and_others_never_need_it() -> None:
    with Gateway(structs.replace(CONFIG, admin_token="s3cret")) as gateway:
        gateway.broker.results[SaveBook] = BookSaved("BTC-USDT", "f", 0)
        assert (
            gateway.request("POST", "/admin/save?symbol=BTC-USDT", None, {"authorization": "Bearer s3cret"}).status
            == 200
        )
        assert (
            gateway.request("POST", "/admin/save?symbol=BTC-USDT", None, {"authorization": "bearer s3cret"}).status
            == 200
        )
        assert gateway.request("GET", "/instruments").status == 200


def test_without_the_token_not_even_the_methods_are_told() -> None:
    with Gateway(structs.replace(CONFIG, admin_token="s3cret")) as gateway:
        assert gateway.request("GET", "/admin/save").problem == (401, "unauthorized", None)


def test_digest_tells_the_state_and_the_sequence_that_it_is_as_of(gateway: Gateway) -> None:
    gateway.broker.results[DigestQuery] = Digest("0123456789abcdef" * 4)
    answer = gateway.request("GET", "/admin/digest")
    assert (answer.status, answer.json) == (200, {"sequence": SEQUENCE, "digest": "0123456789abcdef" * 4})
    assert gateway.request("GET", "/admin/digest?symbol=BTC-USDT").status == 422
