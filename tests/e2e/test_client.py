"""The public client on a whole exchange: every call, every stream, and nothing lost or doubled over kills."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from matching_exchange import (
    AccountStart,
    AccountState,
    AccountUpdate,
    AsyncClient,
    BookUpdate,
    CandleUpdate,
    Client,
    ExchangeError,
    Fill,
    HmacKey,
    NewOrder,
    NotFound,
    Order,
    PrivateKey,
    QueueSnapshot,
    Refused,
    Stream,
    Ticker,
    Trade,
    Unauthorized,
)
from matching_exchange.client.calls.route import ROUTES
from tests.e2e.faults_off import faults_are_off
from tests.e2e.keyed import ENVIRONMENT, TOKEN, pem
from tests.exchange import PATIENCE, ROOT, Exchange, clean_environment, wait_until
from tests.history_process import HistoryProcess

SYMBOL = "BTC-USDT"
PAIRS = 12
"""Pairs of orders that trade while processes are killed."""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """It asks for keys, and has a history. Commands wait long for a killed matcher."""
    directory = tmp_path_factory.mktemp("exchange")
    environment = {**ENVIRONMENT, "MATCHER_DATA_DIR": str(directory / "data")}
    flags = (f"--key-file={directory / 'server.key'}", f"--deadline={int(PATIENCE * 1000)}")
    with Exchange(directory, (), flags, environment) as exchange:
        history = HistoryProcess(directory, exchange.matcher.data)
        history.start()
        try:
            yield exchange
        finally:
            history.close()


@pytest.fixture(scope="module")
def admin(exchange: Exchange) -> Iterator[Client]:
    with Client(exchange.url, admin_token=TOKEN) as client:
        yield client


@pytest.fixture(scope="module")
def symbol(admin: Client) -> str:
    """An instrument for the kills, of its own."""
    made = admin.set_instrument(
        "KILL-USDT", base="KILL", quote="USDT", tick_size="0.01", lot_size="0.00001", max_quantity=9000, max_price=10**7
    )
    return made.symbol


@pytest.fixture(scope="module")
def keys(admin: Client) -> dict[str, str]:
    """By the account. A key counts a second after it was made: all are made at once."""
    accounts = ["bob", "fay", "gus", "hal", "me"]
    with ThreadPoolExecutor(len(accounts)) as pool:
        made = list(pool.map(admin.create_key, accounts))
    return {key.account: key.bearer or "" for key in made}


def wait_for_history(exchange: Exchange) -> None:
    """It starts beside the first tests."""
    wait_until(lambda: exchange.get("/health")["history"]["status"] == "ok", "a history that can be read")


class Recorder:
    """Uses a client, and knows which of its methods were used."""

    def __init__(self, client: Client, used: set[str]) -> None:
        self._client = client
        self._used = used

    def __getattr__(self, name: str) -> Any:
        self._used.add(name)
        return getattr(self._client, name)


def test_every_call_once(exchange: Exchange, admin: Client, keys: dict[str, str]) -> None:
    used: set[str] = set()
    boss = Recorder(admin, used)
    made = boss.create_key("ann", label="bot", deposit={"USDT": 1_000_000, "BTC": "10"})
    with Client(exchange.url, key=made.bearer) as plain, Client(exchange.url, key=keys["bob"]) as bob:
        ann = Recorder(plain, used)
        _orders(ann, bob)
        _account(ann)
        wait_for_history(exchange)
        _markets(ann)
    _administration(boss)
    assert set(ROUTES) <= used


def _orders(ann: Any, bob: Client) -> None:
    bid = ann.place(SYMBOL, "buy", quantity="0.2", price=Decimal(30_000), client_order_id="bid", tag="a")
    assert (bid.status, bid.price, bid.remaining_quantity, bid.account) == ("open", 30_000, Decimal("0.2"), "ann")
    assert ann.place(SYMBOL, "buy", quantity="0.2", price=30_000, client_order_id="bid", tag="a").duplicate
    assert ann.amend(client_order_id="bid", price=30_500, new_client_order_id="bid-2").price == 30_500
    assert ann.amendments(bid.order_id).amendments[0].previous_price == 30_000
    sold = bob.place(SYMBOL, "sell", "market", quantity="0.1")
    (trade,) = sold.trades
    assert (trade.price, trade.quantity) == (Decimal(30_500), Decimal("0.1"))
    assert ann.order(bid.order_id).filled_quantity == Decimal("0.1")
    assert ann.order(client_order_id="bid-2").order_id == bid.order_id
    assert ann.cancel(bid.order_id).reason == "requested"
    oco = ann.place_oco(SYMBOL, "sell", quantity="0.1", price=31_000, stop_trigger_price=30_000, stop_price=29_900)
    assert oco.limit.oco_id == oco.stop.oco_id
    assert [order.order_id for order in ann.orders(symbol=SYMBOL).orders] == [each.order_id for each in oco.orders]
    done, refused = ann.place_batch(
        [NewOrder(SYMBOL, "buy", quantity="0.1", price=29_000), NewOrder(SYMBOL, "buy", quantity="0.1", price="0.001")]
    )
    assert (refused.code, refused.field) == ("price_off_tick", "price")
    replaced = ann.cancel_replace(done.order_id, place=NewOrder(SYMBOL, "buy", quantity="0.1", price=29_500))
    assert (replaced.cancel.result, replaced.place.order.price) == ("done", 29_500)
    assert ann.cancel_batch([replaced.place.order.order_id])[0].status == "canceled"
    assert ann.cancel_all().canceled == 2
    assert ann.orders(status="done", limit=1).next is not None
    assert ann.prevented_matches().prevented_matches == ()
    with pytest.raises(Refused) as caught:
        ann.place(SYMBOL, "buy", quantity="0.1", price="0.001")
    assert (caught.value.code, caught.value.field) == ("price_off_tick", "price")


def _account(ann: Any) -> None:
    (fill,) = ann.fills().fills
    assert (fill.price, fill.liquidity, fill.fee) == (30_500, "maker", Decimal("3.05"))
    assert ann.own_key().account == "ann"
    assert ann.cancel_after(60_000).cancel_at is not None
    assert ann.cancel_after(0).cancel_at is None
    balances = {balance.asset: balance.free for balance in ann.balances().balances}
    assert balances["BTC"] == Decimal("10.1")
    assert ann.account().positions[0].quantity == Decimal("0.1")
    assert {movement.kind for movement in ann.movements().movements} == {"deposit", "fill", "fee"}
    assert ann.faucet().ledger
    with pytest.raises(Unauthorized):
        ann.balances("bob")


def _markets(ann: Any) -> None:
    assert ann.depth(SYMBOL, levels=5).bids == ()
    assert ann.best_prices(SYMBOL).bid is None
    (trade,) = ann.trades(SYMBOL, after=0).trades
    assert ann.balances_at(trade.timestamp + 1_000_000).balances[0].total == Decimal("10.1")
    assert ann.candles(SYMBOL, "1m").candles[0].close == trade.price
    assert ann.ticker(SYMBOL).last_price == trade.price
    assert SYMBOL in [ticker.symbol for ticker in ann.tickers()]
    assert SYMBOL in [instrument.symbol for instrument in ann.instruments()]
    assert ann.instrument(SYMBOL).tick_size == Decimal("0.01")
    with pytest.raises(NotFound):
        ann.instrument("NO-NE")
    health = ann.health()
    assert (health.ok, health.auth) == (True, "keys")
    assert not ann.demo().running


def _administration(boss: Any) -> None:
    assert boss.set_instrument(SYMBOL, price_band_bps=0).price_band_bps is None
    assert boss.suspend("carl").suspended
    assert not boss.resume("carl").suspended
    assert boss.save_book(SYMBOL).orders == 0
    assert boss.load_book(SYMBOL).restored == 0
    assert len(boss.digest().digest) == 64
    assert boss.sessions().sessions
    assert "# TYPE" in boss.metrics()
    with pytest.raises(NotFound, match="no_demo"):
        boss.set_demo(paused=True)
    faults_are_off(boss)
    made = boss.create_key("carl")
    assert boss.renew_key(made.key).secret not in (None, made.secret)
    assert made.key in [key.key for key in boss.keys().keys]
    assert boss.revoke_key(made.key).account == "carl"
    moved = boss.deposit("carl", "USDT", "100.5", transfer_id="once")
    assert (moved.free, moved.duplicate) == (Decimal("100.5"), False)
    assert boss.deposit("carl", "USDT", "100.5", transfer_id="once").duplicate
    assert boss.withdraw("carl", "USDT", "0.5").free == 100
    assert boss.transfer("carl", "dora", "USDT", 40).free == 60
    with pytest.raises(ExchangeError, match="unknown_shard"):
        boss.transfer_between_shards("carl", "USDT", 1, from_shard="a", to_shard="b")
    assert boss.reset_account("carl", {"USDT": 7}).balances[-1].free == 7
    assert not boss.close_ledger("carl").ledger
    assert all(each.exact for each in boss.accounts().sums)
    assert "dora" in [account.account for account in boss.iter_accounts()]


def test_each_kind_of_key_proves_itself(exchange: Exchange, admin: Client) -> None:
    hmac_key = admin.create_key("eve")
    assert hmac_key.secret is not None
    private = ed25519.Ed25519PrivateKey.generate()
    own = admin.create_key("eve", type="ed25519", public_key=pem(private))
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for key in (hmac_key.bearer, HmacKey(hmac_key.key, hmac_key.secret), PrivateKey(own.key, text)):
        with Client(exchange.url, key=key) as eve:
            assert eve.place(SYMBOL, "buy", quantity="0.1", price=100).account == "eve"
            with eve.stream_account() as stream:
                assert isinstance(stream.receive(PATIENCE), AccountStart)
            assert eve.cancel_all().canceled == 1
    admin.revoke_key(hmac_key.key)
    with Client(exchange.url, key=hmac_key.bearer) as eve, pytest.raises(Unauthorized):
        eve.orders()


def test_a_stream_of_what_is_not_there_says_so(exchange: Exchange) -> None:
    with Client(exchange.url) as client:
        with pytest.raises(NotFound), client.stream_trades("NO-NE") as trades:
            trades.receive(PATIENCE)
        with pytest.raises(Unauthorized), client.stream_account(account="ann") as account:
            account.receive(PATIENCE)


class Ears:
    """Hears streams in threads until they have told what is wanted."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(8)

    def hear(self, stream: Stream[Any], is_last: Callable[[Any], bool]) -> "Callable[[], list[Any]]":
        """Begin; what was told, once the last item has come."""

        def run() -> list[Any]:
            items: list[Any] = []
            with stream:
                deadline = time.monotonic() + 2 * PATIENCE
                while not items or not is_last(items[-1]):
                    items.append(stream.receive(deadline - time.monotonic()))
            return items

        stream.open()
        return self._pool.submit(run).result


def fills_of(items: list[Any]) -> list[Fill]:
    return [fill for item in items if isinstance(item, AccountUpdate) for fill in item.fills]


def trade_pairs(client: Client, symbol: str, before: Callable[[int], None]) -> list[Order]:
    """Pairs of orders; each pair trades once. `before` is called with the number of each."""
    placed: list[Order] = []
    for number in range(PAIRS):
        before(number)
        placed.append(client.place(symbol, "sell", quantity="0.5", price=100 + number))
        placed.append(client.place(symbol, "buy", quantity="0.5", price=100 + number))
    return placed


def test_kills_lose_and_double_nothing(exchange: Exchange, keys: dict[str, str], symbol: str) -> None:
    """Trades, account and book are followed by streams while the matcher, then the gateway, is killed and comes back."""
    ears = Ears()
    kills = {3: exchange.matcher, 8: exchange.gateway}

    def kill(number: int) -> None:
        if number in kills:
            kills[number].kill()
            kills[number].start()

    with Client(exchange.url, key=keys["fay"], timeout=2 * PATIENCE) as fay:
        last = 100 + PAIRS - 1
        trades = ears.hear(fay.stream_trades(symbol), lambda item: isinstance(item, Trade) and item.price == last)
        book = ears.hear(fay.stream_book(symbol), lambda item: bool(item.bids) and item.bids[0].price == 1)
        account = ears.hear(
            fay.stream_account(),
            lambda item: isinstance(item, AccountUpdate) and any(order.price == 1 for order in item.orders),
        )
        placed = trade_pairs(fay, symbol, kill)
        end = fay.place(symbol, "buy", quantity="1", price=1)
        # Each order once, as its answer says.
        assert len({order.order_id for order in placed}) == 2 * PAIRS
        known = list(fay.iter_orders(symbol=symbol, status="done"))
        assert {order.order_id for order in known} == {order.order_id for order in placed}
        assert all(order.status == "filled" for order in known)
        # Each trade once, in order, without a Gap.
        told = trades()
        assert [trade.price for trade in told] == [100 + number for number in range(PAIRS)]
        assert told == list(fay.iter_trades(symbol))
        # Each fill once: of each trade two, as its account has both orders.
        items = account()
        assert fills_of(items) == list(fay.iter_fills(symbol=symbol))
        assert len(fills_of(items)) == 2 * PAIRS
        assert not [item for item in items[1:] if isinstance(item, AccountStart)]
        state = AccountState()
        for item in items:
            state.apply(item)
        assert list(state.orders) == [end.order_id]
        # The book is what a look-up tells.
        update: BookUpdate = book()[-1]
        assert tuple(update.book.bids()) == fay.depth(symbol).bids
        fay.cancel_all()


def test_asyncio_trades_over_a_kill_of_the_matcher(exchange: Exchange, keys: dict[str, str], symbol: str) -> None:
    async def run() -> None:
        async with (
            AsyncClient(exchange.url, key=keys["gus"], timeout=2 * PATIENCE) as gus,
            gus.stream_trades(symbol) as trades,
            gus.stream_account() as account,
        ):
            begun = await account.receive()
            assert isinstance(begun, AccountStart)
            assert begun.orders == ()
            prices = [Decimal(200 + number) for number in range(PAIRS)]
            sent = [gus.place(symbol, "sell", quantity=1, price=price) for price in prices]
            exchange.matcher.kill()
            asks = asyncio.gather(*sent)
            exchange.matcher.start()
            assert [order.price for order in await asks] == prices
            bought = await gus.place(symbol, "buy", quantity=PAIRS, price=prices[-1])
            assert bought.filled_quantity == PAIRS
            async with asyncio.timeout(PATIENCE):
                told = [await trades.receive() for _ in prices]
                assert [trade.price for trade in told if isinstance(trade, Trade)] == prices
                fills: list[Fill] = []
                while len(fills) < 2 * PAIRS:
                    fills += fills_of([await account.receive()])
            assert fills == [fill async for fill in gus.iter_fills(symbol=symbol)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await trades.receive()
            # A canceled wait leaves the stream as it was.
            await gus.place(symbol, "sell", quantity=1, price=300)
            await gus.place(symbol, "buy", "market", quantity=1)
            async with asyncio.timeout(PATIENCE):
                trade = await trades.receive()
            assert isinstance(trade, Trade)
            assert trade.price == 300

    asyncio.run(run())


def test_the_other_streams(exchange: Exchange, keys: dict[str, str], symbol: str) -> None:
    wait_for_history(exchange)
    with (
        Client(exchange.url, key=keys["hal"]) as hal,
        hal.stream_queues(symbol) as queues,
        hal.stream_depth(symbol) as depth,
        hal.stream_candles(symbol, "1M") as candles,
        hal.stream_tickers() as tickers,
    ):
        begun = queues.receive(PATIENCE)
        assert isinstance(begun, QueueSnapshot)
        assert depth.receive(PATIENCE)
        candle = candles.receive(PATIENCE)
        assert isinstance(candle, CandleUpdate)
        assert candle.candle.trades >= PAIRS
        ticker = tickers.receive(PATIENCE)
        assert isinstance(ticker, Ticker)
        order = hal.place(symbol, "buy", quantity=1, price=2)
        changed = queues.receive(PATIENCE)
        assert not isinstance(changed, QueueSnapshot)
        assert changed.changes[0].order_id == order.order_id
        hal.cancel(order.order_id)
        with pytest.raises(TimeoutError):
            while True:
                candles.receive(0.01)


@pytest.mark.parametrize(("number", "printed"), [(0, "price_off_tick price"), (1, "25000 0.1"), (2, "0.01 0.00001\n5")])
def test_the_programs_of_the_page_run(exchange: Exchange, keys: dict[str, str], number: int, printed: str) -> None:
    """On an exchange that asks for no keys they name accounts; here they are all those of one key."""
    programs = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "client.md").read_text(), re.MULTILINE | re.DOTALL)
    program = programs[number].replace(', account="you"', "")
    environment = clean_environment({"EXCHANGE_URL": exchange.url, "EXCHANGE_KEY": keys["me"]})
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert printed in ran.stdout


def test_no_exchange_is_told_within_the_time_of_a_call(tmp_path: Path) -> None:
    with Client("http://127.0.0.1:9", timeout=0.1) as client:
        with pytest.raises(ExchangeError, match="disconnected"):
            client.health()
        with pytest.raises(ExchangeError, match="disconnected"), client.stream_book(SYMBOL) as book:
            book.receive(PATIENCE)
