"""Who subscribes late gets the state of each topic, without a change of it."""

from collections.abc import Iterator
from itertools import count

import pytest

from protocol.client import CommandClient
from tests.exchange import Json, Matcher
from tests.integration.market_data import BUILT_IN, BUY, DEPTH, INSTRUMENT, SELL, add, limit, send
from tests.subscriber import Subscriber

_symbols = count(1)


@pytest.fixture(scope="module")
def client(shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


@pytest.fixture
def symbol(client: CommandClient) -> str:
    """An instrument of the test's own: two decimals in the price, three in the quantity."""
    return add(client, f"COIN{next(_symbols)}-USD")


def test_late_subscriber_gets_the_depth_without_a_change(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    send(client, [limit(symbol, BUY, 20, 9_000), limit(symbol, BUY, 30, 9_000), limit(symbol, SELL, 40, 9_100)])
    with Subscriber(shared_matcher, f"depth/{symbol}/") as early:
        topic, message = early.read()
        with Subscriber(shared_matcher, f"depth/{symbol}/") as late:
            assert late.read() == (topic, message)
    assert topic == f"depth/{symbol}/"
    assert message.keys() >= DEPTH
    assert (message["type"], message["symbol"]) == ("depth", symbol)
    assert (message["bids"], message["asks"]) == ([[9_000, 50]], [[9_100, 40]])


def test_late_subscriber_gets_the_instrument_without_a_change(shared_matcher: Matcher, symbol: str) -> None:
    with Subscriber(shared_matcher, f"instruments/{symbol}/") as subscriber:
        topic, message = subscriber.read()
    assert topic == f"instruments/{symbol}/"
    assert message.keys() >= INSTRUMENT
    told = {
        name: message[name]
        for name in ("type", "symbol", "price_decimals", "quantity_decimals", "tick_size", "lot_size", "status")
    }
    assert told == {
        "type": "instrument",
        "symbol": symbol,
        "price_decimals": 2,
        "quantity_decimals": 3,
        "tick_size": 5,
        "lot_size": 10,
        "status": "trading",
    }
    # 10 and 20 basis points are whole thousandths: three digits behind those of price x quantity.
    assert message["fee_decimals"] == 2 + 3 + 3


@pytest.mark.parametrize(
    ("prefixes", "kinds"),
    [
        (["depth/"], ["depth"]),
        (["instruments/"], ["instruments"]),
        (["depth/", "instruments/"], ["depth", "instruments"]),
        (["d"], ["depth"]),
        ([""], ["depth", "instruments"]),
        ([f"depth/{symbol}/" for symbol in BUILT_IN], ["depth"]),
        ([f"{kind}/{symbol}/" for symbol in BUILT_IN for kind in ("depth", "instruments")], ["depth", "instruments"]),
    ],
)
def test_prefix_brings_the_state_of_all_its_topics(
    shared_matcher: Matcher, prefixes: list[str], kinds: list[str]
) -> None:
    wanted = {f"{kind}/{symbol}/" for kind in kinds for symbol in BUILT_IN}
    seen: dict[str, Json] = {}
    with Subscriber(shared_matcher, *prefixes) as subscriber:
        while not wanted <= seen.keys():
            topic, message = subscriber.read()
            seen[topic] = message
            assert topic.startswith(tuple(prefixes))
            assert topic.endswith("/")
    for topic in wanted:
        kind, symbol, _ = topic.split("/")
        assert seen[topic]["symbol"] == symbol
        assert seen[topic].keys() >= (DEPTH if kind == "depth" else INSTRUMENT)


def test_subscription_of_others_does_not_hide_mine(shared_matcher: Matcher, symbol: str) -> None:
    topic = f"depth/{symbol}/"
    with Subscriber(shared_matcher, topic) as first, Subscriber(shared_matcher, topic) as second:
        assert first.read() == second.read()
