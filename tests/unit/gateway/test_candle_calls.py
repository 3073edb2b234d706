"""GET /candles and GET /ticker: the sums of the trades, by tables and the matcher's memory together."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.exchange import joining
from gateway.native.json.candle_views import change_percent
from history.candles.intervals import INTERVALS
from history.schema.database import Database
from protocol.commands import SetInstrument, StatusQuery
from protocol.events import MatcherStatus
from protocol.units import Side
from tests.unit.gateway.fakes import BTC, CONFIG, Gateway
from tests.unit.gateway.history_world import SECOND, START, World

DAY = 86_400 * SECOND

STEPS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with World(database) as world:
        yield world


def opens(interval: str, time: datetime) -> datetime:
    """The beginning of the period, by the calendar and not by the exchange's code."""
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "1M":
        return day.replace(day=1)
    if interval == "1w":
        return day - timedelta(days=day.weekday())
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    step = int(interval[:-1]) * STEPS[interval[-1]]
    return epoch + (time - epoch) // step * step


def moment(nanoseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1_000)


def text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def number(value: Decimal) -> str:
    """As decimals are told."""
    return f"{value.normalize():f}"


def candles_of(trades: Sequence[Any], interval: str) -> list[dict[str, Any]]:
    """What the candles must be, made of Decimals."""
    found: dict[datetime, list[Any]] = {}
    for trade in trades:
        found.setdefault(opens(interval, moment(trade.timestamp)), []).append(trade)
    made = []
    for begin, within in found.items():
        prices = [Decimal(trade.price).scaleb(-2) for trade in within]
        quantities = [Decimal(trade.quantity).scaleb(-5) for trade in within]
        values = [price * quantity for price, quantity in zip(prices, quantities, strict=True)]
        bought = [trade.aggressor_side is Side.BUY for trade in within]
        made.append(
            {
                "open_time": text(begin),
                "open": number(prices[0]),
                "high": number(max(prices)),
                "low": number(min(prices)),
                "close": number(prices[-1]),
                "volume": number(sum(quantities, Decimal())),
                "quote_volume": number(sum(values, Decimal())),
                "trades": len(within),
                "taker_buy_volume": number(sum((q for q, b in zip(quantities, bought, strict=True) if b), Decimal())),
                "taker_buy_quote_volume": number(sum((v for v, b in zip(values, bought, strict=True) if b), Decimal())),
            }
        )
    return made


def many_trades(world: World, count: int, filled: int, longest: int) -> None:
    """Trades at odd times, prices and quantities; the tables hold the first ones."""
    random = Random(count)
    for each in range(1, count + 1):
        time = world.time + random.randint(2_000_000, longest)
        sides = [Side.SELL, Side.BUY]
        random.shuffle(sides)
        price, quantity = random.randint(10_000, 20_000), random.randint(100_000, 999_999)
        world.place("ann", sides[0], quantity, price)
        world.time = time - 1_000_000
        world.place("bob", sides[1], quantity, price)
        world.trades.append(world.state.registry.books["BTC-USDT"].trades[-1])
        if each == filled:
            world.fill()


def without_complete(candles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in candle.items() if name != "complete"} for candle in candles]


@pytest.mark.parametrize("interval", INTERVALS)
def test_candles_are_the_sums_of_their_trades(world: World, interval: str) -> None:
    longest = 10 * SECOND if interval == "1s" else DAY // 2
    many_trades(world, 120, 100, longest)
    wanted = candles_of(world.trades, interval)
    answer = world.good("/candles", symbol="BTC-USDT", interval=interval, limit=1_000)
    assert (answer["symbol"], answer["interval"], answer["next"]) == ("BTC-USDT", interval, None)
    assert without_complete(answer["candles"]) == wanted
    assert [candle["complete"] for candle in answer["candles"]] == [*[True] * (len(wanted) - 1), False]
    # Page by page it is the same.
    found: list[dict[str, Any]] = []
    begin = "2000-01-01T00:00:00Z"
    while begin is not None:
        page = world.good("/candles", symbol="BTC-USDT", interval=interval, limit=7, from_=begin)
        found += page["candles"]
        begin = page["next"]
    assert found == answer["candles"]
    assert world.good("/candles", symbol="BTC-USDT", interval=interval, limit=3)["candles"] == found[-3:]
    middle = found[len(found) // 2]["open_time"]
    bounded = world.good("/candles", symbol="BTC-USDT", interval=interval, limit=1_000, to=middle)
    assert bounded["candles"] == found[: len(found) // 2]
    bounded = world.good("/candles", symbol="BTC-USDT", interval=interval, limit=1_000, from_=middle)
    assert bounded["candles"] == found[len(found) // 2 :]


@pytest.mark.parametrize("filled", [1, 60, 119, 120])
def test_candles_are_right_wherever_the_tables_end(world: World, filled: int) -> None:
    many_trades(world, 120, filled, 20 * SECOND)
    wanted = candles_of(world.trades, "1m")
    assert without_complete(world.good("/candles", symbol="BTC-USDT", interval="1m")["candles"]) == wanted
    begin = wanted[2]["open_time"]
    page = world.good("/candles", symbol="BTC-USDT", interval="1m", from_=begin, limit=2)
    assert without_complete(page["candles"]) == wanted[2:4]
    assert opens("1m", datetime.fromisoformat(page["next"])) <= datetime.fromisoformat(wanted[4]["open_time"])


def test_a_candle_is_complete_when_its_period_is_over(world: World) -> None:
    world.trade(time=START + 59 * SECOND)
    world.fill()

    def complete() -> bool:
        [candle] = world.good("/candles", symbol="BTC-USDT", interval="1m")["candles"]
        return bool(candle["complete"])

    world.gateway.broker.time = START + 60 * SECOND - 1
    assert not complete()
    world.gateway.broker.time = START + 60 * SECOND
    assert complete()


def test_periods_without_a_trade_are_filled(world: World) -> None:
    world.trade(100, time=START + 61 * SECOND)
    world.fill()
    world.trade(110, time=START + 4 * 60 * SECOND)
    world.gateway.broker.time = START + 6 * 60 * SECOND + 30 * SECOND

    def filled(**parameters: Any) -> Any:
        return world.good("/candles", symbol="BTC-USDT", interval="1m", fill="previous", **parameters)

    def short(answer: Any) -> list[tuple[str, str, int, bool]]:
        return [
            (each["open_time"][14:16], each["close"], each["trades"], each["complete"]) for each in answer["candles"]
        ]

    everything = [
        ("01", "100", 1, True),
        ("02", "100", 0, True),
        ("03", "100", 0, True),
        ("04", "110", 1, True),
        ("05", "110", 0, True),
        ("06", "110", 0, False),
    ]
    assert short(filled()) == everything
    assert short(filled(limit=3)) == everything[-3:]
    assert short(filled(from_="2025-10-24T00:02:30Z")) == everything[2:]
    assert short(filled(from_="2025-10-24T00:00:00Z", to="2025-10-24T00:03:00Z")) == everything[:2]
    assert short(filled(to="2025-10-24T00:04:00Z", limit=2)) == everything[1:3]
    page = filled(from_="2025-10-24T00:00:00Z", limit=2)
    assert (short(page), page["next"]) == (everything[:2], "2025-10-24T00:03:00.000Z")
    page = filled(from_=page["next"], limit=4)
    assert (short(page), page["next"]) == (everything[2:], None)
    empty = filled()["candles"][1]
    assert (empty["open"], empty["high"], empty["low"]) == ("100", "100", "100")
    assert (empty["volume"], empty["taker_buy_quote_volume"]) == ("0", "0")


def test_without_a_trade_there_is_no_candle(world: World) -> None:
    world.fill()
    for fill in ({}, {"fill": "previous"}):
        answer = world.good("/candles", symbol="BTC-USDT", interval="1d", **fill)
        assert (answer["candles"], answer["next"]) == ([], None)


@pytest.mark.parametrize(
    ("query", "code", "field", "words"),
    [
        ("interval=1m", "missing_field", "symbol", "symbol"),
        ("symbol=BTC-USDT", "missing_field", "interval", "interval"),
        ("symbol=BTC-USDT&interval=2m", "invalid_value", "interval", "1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h"),
        ("symbol=BTC-USDT&interval=1m&limit=1001", "invalid_value", "limit", "from 1 to 1000"),
        ("symbol=BTC-USDT&interval=1m&fill=zero", "invalid_value", "fill", "previous"),
        ("symbol=BTC-USDT&interval=1m&from=0", "invalid_value", "from", "2026-11-22T12:00:00Z"),
        (
            "symbol=BTC-USDT&interval=1m&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            "invalid_value",
            "from",
            "2026-01-01T00:00:00Z",
        ),
        ("symbol=BTC-USDT&interval=1m&after=0", "unknown_field", "after", "interval"),
    ],
)
def test_bad_parameters_are_named(world: World, query: str, code: str, field: str, words: str) -> None:
    answer = world.gateway.request("GET", f"/candles?{query}")
    assert answer.problem == (422, code, field)
    assert words in answer.json["detail"]


def test_an_unknown_symbol_has_no_candles(world: World) -> None:
    assert world.get("/candles", symbol="XYZ", interval="1m").problem == (404, "unknown_symbol", "symbol")
    assert world.get("/ticker", symbol="XYZ").problem == (404, "unknown_symbol", "symbol")


def test_candles_need_a_history(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "WAIT_SECONDS", 0.0)
    for _ in range(1_001):
        world.trade()
    world.fill()
    for _ in range(1_001):
        world.trade()
    for path in ("/candles?symbol=BTC-USDT&interval=1m", "/ticker?symbol=BTC-USDT", "/ticker"):
        assert world.gateway.request("GET", path).problem == (503, "history_behind", None)
        with Gateway(CONFIG) as gateway:
            assert gateway.request("GET", path).problem == (503, "history_unavailable", None)


def test_a_table_of_candles(world: World) -> None:
    world.trade(time=START + 61 * SECOND)
    world.trade(time=START + 121 * SECOND)
    world.fill()
    path = "/candles?symbol=BTC-USDT&interval=1m&from=2025-10-24T00:00:00Z&limit=1"
    answer = world.gateway.request("GET", path, headers={"Accept": "text/csv"})
    assert answer.body.decode() == (
        "open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,taker_buy_quote_volume,complete\r\n"
        "2025-10-24T00:01:00.000Z,100,100,100,100,1,100,1,1,100,true\r\n"
    )
    assert answer.headers["link"].startswith("</candles?symbol=BTC-USDT&interval=1m&limit=1&from=2025-10-24T00%3A02")


@pytest.mark.parametrize("filled", [30, 299, 300])
def test_a_ticker_is_the_sum_of_a_day(world: World, filled: int) -> None:
    many_trades(world, 300, filled, DAY // 100)
    world.place("ann", Side.BUY, 100_000, 5_000)
    world.place("ann", Side.SELL, 200_000, 90_000)
    ticker = world.good("/ticker", symbol="BTC-USDT")
    now = world.time
    begin = now // SECOND * SECOND + SECOND - DAY
    within = [trade for trade in world.trades if trade.timestamp >= begin]
    assert 10 < len(within) < 290
    prices = [Decimal(trade.price).scaleb(-2) for trade in within]
    volume = sum((Decimal(trade.quantity).scaleb(-5) for trade in within), Decimal())
    value = sum((Decimal(trade.price * trade.quantity).scaleb(-7) for trade in within), Decimal())
    last = world.trades[-1]
    change = prices[-1] - prices[0]
    with localcontext(prec=12):
        vwap = value / volume
    with localcontext(prec=50):
        percent = (change / prices[0] * 100).quantize(Decimal("0.0001"))
    assert ticker == {
        "symbol": "BTC-USDT",
        "timestamp": f"{text(moment(now))[:-4]}{now // 1_000_000 % 1_000:03d}Z",
        "last_price": number(Decimal(last.price).scaleb(-2)),
        "last_quantity": number(Decimal(last.quantity).scaleb(-5)),
        "bid": ["50", "1"],
        "ask": ["900", "2"],
        "open_time": text(moment(begin)),
        "open": number(prices[0]),
        "high": number(max(prices)),
        "low": number(min(prices)),
        "volume": number(volume),
        "quote_volume": number(value),
        "vwap": number(vwap),
        "change": number(change),
        "change_percent": number(percent),
        "count": len(within),
        "first_trade_id": str(within[0].trade_id),
        "last_trade_id": str(last.trade_id),
    }


@pytest.mark.parametrize("filled", [True, False])
def test_the_window_holds_whole_seconds(world: World, *, filled: bool) -> None:
    world.trade(100, time=START + 10 * SECOND - 1)
    world.trade(110, time=START + 10 * SECOND)
    world.trade(121, time=START + 90_000 * SECOND)
    if filled:
        world.fill()

    def count_at(time: int) -> tuple[int, str | None]:
        world.gateway.broker.time = time
        ticker = world.good("/ticker", symbol="BTC-USDT")
        return ticker["count"], ticker["open"]

    # The second of now and the 86,399 before it.
    assert count_at(START + 10 * SECOND + DAY - SECOND - 1) == (3, "100")
    assert count_at(START + 9 * SECOND + DAY) == (2, "110")
    assert count_at(START + 10 * SECOND + DAY - 1) == (2, "110")
    assert count_at(START + 10 * SECOND + DAY) == (1, "121")
    assert count_at(START + 90_000 * SECOND + DAY) == (0, None)
    ticker = world.good("/ticker", symbol="BTC-USDT")
    assert (ticker["last_price"], ticker["volume"], ticker["vwap"], ticker["change"]) == ("121", "0", None, None)


def test_all_tickers(world: World) -> None:
    world.do(SetInstrument.of(replace(BTC, symbol="ETH-USDT", base="ETH")))
    world.trade()
    world.fill()
    tickers = world.good("/ticker")["tickers"]
    assert [(ticker["symbol"], ticker["last_price"], ticker["count"]) for ticker in tickers] == [
        ("BTC-USDT", "100", 1),
        ("ETH-USDT", None, 0),
    ]
    assert tickers[0] == world.good("/ticker", symbol="BTC-USDT")


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        (100, 101, 10_000),
        (3, 4, 333_333),
        (3, 2, -333_333),
        (8_000_000, 8_000_001, 0),
        (8_000_000, 8_000_012, 2),
        (8_000_000, 7_999_988, -2),
        (8_000_000, 7_999_996, 0),
        (1, 10_000_000, 9_999_999_000_000),
    ],
)
def test_a_change_is_rounded_half_to_even(before: int, after: int, percent: int) -> None:
    assert change_percent(before, after) == percent


def test_health_tells_how_far_the_history_is(world: World) -> None:
    world.gateway.broker.results[StatusQuery] = MatcherStatus(1, "always", 0, 0, 0, "interpreted")
    world.trade(time=START + SECOND)
    assert world.good("/health")["history"]["sequence"] == 0
    world.fill()
    world.do(SetInstrument.of(BTC), START + 9 * SECOND)
    assert world.good("/health")["history"] == {
        "status": "ok",
        "detail": None,
        "sequence": 3,
        "lag": 1,
        "lag_seconds": 8,
        "complete_from": 1,
    }
    world.gateway.broker.journal = "another"
    health = world.good("/health")["history"]
    assert (health["status"], health["sequence"]) == ("unavailable", None)
    assert health["detail"] == "the tables are those of another journal"
