"""The market data socket as the contract's section 6 promises it, read without the project's own decoder."""

from collections.abc import Iterator
from itertools import count, groupby, pairwise
from pathlib import Path

import pytest

from protocol.client import CommandClient
from protocol.commands import CancelOrder, DepthQuery, OrdersQuery, SetInstrument, TradesQuery
from protocol.events import OrderPage, OrderResult, TradeHistory
from protocol.units import InstrumentStatus, Side
from tests.exchange import Json, Matcher, wait_until
from tests.integration.market_data import (
    BUY,
    EVERY,
    SELL,
    add,
    current,
    depth_of,
    flow,
    instrument_of,
    last_trade_id,
    limit,
    published,
    send,
    shows,
    sync,
    without_epoch,
)
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


# Numbers


def test_every_trade_in_order(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    instrument = instrument_of(client, symbol)
    with Subscriber(shared_matcher, f"trades/{symbol}/", f"instruments/{symbol}/") as subscriber:
        subscriber.read()
        answers = send(client, flow(symbol, 2_000, seed=1))
        trades = [trade for answer in answers if isinstance(answer, OrderResult) for trade in answer.trades]
        assert len(trades) > 500
        messages = subscriber.read_until(lambda _, message: message["number"] == trades[-1].trade_id)
    assert {topic for topic, _ in messages} == {f"trades/{symbol}/"}
    assert [without_epoch(message) for _, message in messages] == [published(trade, instrument) for trade in trades]
    assert [message["number"] for _, message in messages] == list(range(1, len(trades) + 1))
    history = client.query(TradesQuery(symbol, 1000)).result
    assert isinstance(history, TradeHistory)
    assert history.trades == trades[-1000:]


def test_depth_skips_states_but_never_the_last(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    with Subscriber(shared_matcher, f"depth/{symbol}/") as subscriber:
        messages = [subscriber.read()]
        changes = 0
        for seed in range(20):
            changes += len(send(client, flow(symbol, 200, seed)))
            depth = depth_of(client, symbol)
            while not shows(messages[-1][1], depth):
                messages.append(subscriber.read())
    # A newcomer may hear the current state twice: as it was published, and as what it has asked for.
    numbers = [number for number, _ in groupby(message["number"] for _, message in messages)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(message["previous"] == message["number"] - 1 for _, message in messages)
    assert len(messages) < changes
    sequences = [message["sequence"] for _, message in messages]
    assert sequences == sorted(sequences)
    for _, message in messages:
        bids, asks = ([price for price, _ in message[side]] for side in ("bids", "asks"))
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert len(bids) <= 10
        assert len(asks) <= 10
        assert not bids or not asks or bids[0] < asks[0]


def test_depth_interval_holds_states_back(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path, "--depth-interval=3600000")
    matcher.start()
    try:
        matcher.wait_until_ready()
        with matcher.client() as client, Subscriber(matcher, "depth/BTC-USDT/") as first:
            _, empty = first.read()
            assert (empty["bids"], empty["asks"]) == ([], [])
            send(client, [limit("BTC-USDT", BUY, 100_000, price) for price in range(1_000, 1_050)])
            depth = depth_of(client, "BTC-USDT")
            # A newcomer must get the newest state, so it is published then; what the first one sees next proves that
            # nothing was before.
            with Subscriber(matcher, "depth/BTC-USDT/") as second:
                _, newest = second.read()
                assert shows(newest, depth)
                assert newest["number"] == empty["number"] + 1
            assert first.read()[1] == newest
    finally:
        matcher.close()


def test_no_depth_message_without_a_change_of_the_top(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    send(client, [limit(symbol, BUY, 10, price) for price in range(1_000, 1_050, 5)])
    with Subscriber(shared_matcher, f"depth/{symbol}/") as subscriber:
        [(_, before)] = subscriber.read_until(lambda _, message: shows(message, depth_of(client, symbol)))
        # Below the ten best levels, so nothing of it is to be seen; then a change that is.
        send(client, [limit(symbol, BUY, 10, price) for price in range(500, 550, 5)])
        send(client, [limit(symbol, BUY, 10, 2_000)])
        _, after = subscriber.read()
    assert after["number"] == before["number"] + 1
    assert after["bids"][0] == [2_000, 10]


def test_sequence_is_that_of_the_command(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    with Subscriber(shared_matcher, f"trades/{symbol}/", f"depth/{symbol}/") as subscriber:
        subscriber.read()
        client.send([limit(symbol, SELL, 10, 100), limit(symbol, BUY, 10, 100)])
        client.receive()
        taken = client.receive()
        *_, (_, trade) = subscriber.read_until(lambda topic, _: topic.startswith("trades/"))
    assert (trade["sequence"], trade["timestamp"]) == (taken.sequence, taken.timestamp)


def test_everybody_gets_the_same_messages(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    with (
        Subscriber(shared_matcher, "trades/") as broad,
        Subscriber(shared_matcher, f"trades/{symbol}/", f"depth/{symbol}/") as narrow,
    ):
        narrow.read()
        sync(client, symbol, broad, narrow)
        send(client, flow(symbol, 300, seed=7))
        last = last_trade_id(client, symbol)
        read = [
            reader.read_until(lambda topic, message: (topic, message["number"]) == (f"trades/{symbol}/", last))
            for reader in (broad, narrow)
        ]
    broad_trades, narrow_trades = (
        [found for found in messages if found[0] == f"trades/{symbol}/"] for messages in read
    )
    assert len(broad_trades) > 50
    assert broad_trades == narrow_trades


# Instruments


def test_fees_are_in_the_unit_that_the_instrument_tells(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    with Subscriber(shared_matcher, f"trades/{symbol}/", f"instruments/{symbol}/") as subscriber:
        _, instrument = subscriber.read()
        for maker, taker, decimals in ((10, 20, 8), (7, 15, 9), (0, 0, 9), (100, 300, 7), (10_000, 0, 5)):
            client.command(SetInstrument(symbol, 2, 3, maker_fee_bps=maker, taker_fee_bps=taker))
            send(client, [limit(symbol, SELL, 30, 105), limit(symbol, BUY, 30, 105)])
            *changed, (_, trade) = subscriber.read_until(lambda topic, _: topic.startswith("trades/"))
            instrument = changed[-1][1] if changed else instrument
            if maker or taker:
                assert instrument["fee_decimals"] == decimals
            for fee, bps in ((trade["maker_fee"], maker), (trade["taker_fee"], taker)):
                # price x quantity x bps / 10^4, in 10^-fee_decimals
                assert fee * 10 ** (2 + 3 + 4) == 30 * 105 * bps * 10 ** instrument["fee_decimals"]


def test_status_is_told(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    with Subscriber(shared_matcher, f"instruments/{symbol}/") as subscriber:
        statuses = [subscriber.read()[1]["status"]]
        for status in (InstrumentStatus.HALTED, InstrumentStatus.CANCEL_ONLY, InstrumentStatus.TRADING):
            client.command(SetInstrument(symbol, 2, 3, status=status))
            _, message = subscriber.read()
            assert message["previous"] == message["number"] - 1
            statuses.append(message["status"])
    assert statuses == ["trading", "halted", "cancel_only", "trading"]


def test_new_instrument_is_announced(shared_matcher: Matcher, client: CommandClient) -> None:
    symbol = f"NEW{next(_symbols)}-USD"
    with Subscriber(
        shared_matcher, f"instruments/{symbol}/", f"depth/{symbol}/", "instruments/BTC-USDT/"
    ) as subscriber:
        subscriber.read()
        add(client, symbol)
        announced = current([subscriber.read(), subscriber.read()])
    assert announced.keys() == {f"instruments/{symbol}/", f"depth/{symbol}/"}
    assert all(message["number"] == 1 for message in announced.values())


def test_topic_does_not_match_a_longer_symbol(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    longer = add(client, f"{symbol}2")
    with Subscriber(shared_matcher, f"trades/{symbol}/", f"depth/{symbol}/") as subscriber:
        subscriber.read()
        for traded in (longer, symbol):
            send(client, [limit(traded, SELL, 10, 100), limit(traded, BUY, 10, 100)])
        messages = subscriber.read_until(lambda topic, _: topic.startswith("trades/"))
    assert {message["symbol"] for _, message in messages} == {symbol}


# Heartbeats


def test_heartbeats(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    with Subscriber(shared_matcher, "heartbeat/") as subscriber:
        first = subscriber.read()[1]
        sequence = client.query(DepthQuery(symbol)).sequence
        client.command(limit(symbol, BUY, 10, 100))
        beats = [first, subscriber.read()[1], subscriber.read()[1]]
    assert all(beat.keys() == EVERY and beat["type"] == "heartbeat" for beat in beats)
    assert all(after["number"] == after["previous"] + 1 == before["number"] + 1 for before, after in pairwise(beats))
    assert beats[-1]["sequence"] == sequence + 1
    assert first["timestamp"] < beats[1]["timestamp"] < beats[2]["timestamp"]


# Slow readers


def holes_in(messages: list[Json]) -> list[tuple[int, int]]:
    """The last number seen and the last one lost, of each hole."""
    return [
        (before["number"], after["previous"])
        for before, after in pairwise(messages)
        if after["previous"] != before["number"]
    ]


def test_slow_reader_loses_messages_and_sees_the_hole(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    topic = f"trades/{symbol}/"
    one_trade = [limit(symbol, SELL, 10, 100), limit(symbol, BUY, 10, 100)]
    many_trades = [limit(symbol, SELL, 500 * 10, 100), *[limit(symbol, BUY, 10, 100)] * 500]
    with (
        Subscriber(shared_matcher, topic, receive_buffer=65_536, receive_limit=10) as slow,
        Subscriber(shared_matcher, topic) as fast,
    ):
        sync(client, symbol, slow, fast)
        first = last = last_trade_id(client, symbol)
        seen_by_fast: list[Json] = []
        seen_by_slow: list[Json] = []

        def slow_has_caught_up() -> bool:
            send(client, one_trade)
            seen_by_slow.extend(message for _, message in slow.read_waiting())
            return bool(seen_by_slow) and seen_by_slow[-1]["number"] > last

        # At first a few more than the matcher keeps for a reader; the buffers of sockets on the way may hold many more.
        for thousands in (16, 32, 64):
            for _ in range(2 * thousands):
                send(client, many_trades)
                seen_by_fast += [fast.read()[1] for _ in range(500)]
            last = last_trade_id(client, symbol)
            seen_by_slow += [slow.read()[1] for _ in range(5_000)]
            wait_until(slow_has_caught_up, "the slow reader hears the newest trades")
            while len(seen_by_fast) < last_trade_id(client, symbol) - first:
                seen_by_fast.append(fast.read()[1])
            if holes_in(seen_by_slow):
                break
    assert [message["number"] for message in seen_by_fast] == list(range(first + 1, first + 1 + len(seen_by_fast)))
    assert holes_in(seen_by_slow)
    assert all(lost > seen for seen, lost in holes_in(seen_by_slow))


# Restarts


def test_reader_of_a_restarted_matcher_sees_a_new_epoch(matcher: Matcher) -> None:
    with Subscriber(matcher, "depth/BTC-USDT/", "instruments/BTC-USDT/") as subscriber:
        before = [subscriber.read(), subscriber.read()]
        matcher.kill()
        matcher.restart()
        after = [subscriber.read(), subscriber.read()]
    assert {topic for topic, _ in after} == {"depth/BTC-USDT/", "instruments/BTC-USDT/"}
    assert min(message["epoch"] for _, message in after) > max(message["epoch"] for _, message in before)


# What the queries say is what the socket says


def test_orders_of_the_book_are_those_of_the_depth(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    send(client, flow(symbol, 500, seed=3))
    page = client.query(OrdersQuery(symbol, limit=1000)).result
    assert isinstance(page, OrderPage)
    totals: dict[tuple[Side, int], int] = {}
    for order in page.orders:
        assert order.price is not None
        totals[order.side, order.price] = totals.get((order.side, order.price), 0) + order.remaining_quantity
    bids, asks = depth_of(client, symbol)
    assert bids == [
        [price, totals[BUY, price]]
        for price in sorted((price for side, price in totals if side is BUY), reverse=True)[:10]
    ]
    assert asks == [
        [price, totals[SELL, price]] for price in sorted(price for side, price in totals if side is SELL)[:10]
    ]
    with Subscriber(shared_matcher, f"depth/{symbol}/") as subscriber:
        subscriber.read_until(lambda _, message: shows(message, (bids, asks)))
    for order in page.orders:
        client.send([CancelOrder(order.order_id)])
        client.receive()
    assert depth_of(client, symbol) == ([], [])
