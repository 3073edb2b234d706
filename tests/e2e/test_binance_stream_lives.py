"""Streams of the Binance dialect while matcher and gateway come and go."""

import random
import threading
from pathlib import Path

from tests.e2e.binance_sockets import LocalBook, Socket, StreamMarket
from tests.exchange import Exchange, wait_until


def test_a_book_that_a_client_keeps_over_a_restart_of_the_matcher(tmp_path: Path) -> None:
    with Exchange(tmp_path) as exchange:
        market = StreamMarket(exchange)
        chance = random.Random(14)
        heard: list[LocalBook] = [LocalBook(), LocalBook()]
        live: list[int] = []

        def busy(turns: int) -> None:
            for _ in range(turns):
                if live and chance.random() < 0.4:
                    exchange.http.delete(f"/orders/{live.pop(chance.randrange(len(live)))}")
                side = chance.choice(["buy", "sell"])
                live.append(market.rest(side, f"{chance.randint(1, 9)}", f"{100 + chance.randint(-30, 30)}"))

        busy(50)
        with market.stream("depth@100ms") as fast, market.stream("depth") as slow:
            streams = [fast, slow]
            done = threading.Event()

            def listen(stream: Socket, book: LocalBook) -> None:
                while not done.is_set():
                    try:
                        book.hear(stream.hear(0.1))
                    except TimeoutError:
                        continue

            busy(20)
            wait_first = [stream.hear() for stream in streams]
            for book, event in zip(heard, wait_first, strict=True):
                book.hear(event)
            busy(20)
            snapshot = market.get("depth", limit=5000)
            for book in heard:
                book.load(snapshot)
            readers = [threading.Thread(target=listen, args=pair) for pair in zip(streams, heard, strict=True)]
            for reader in readers:
                reader.start()
            try:
                busy(100)
                exchange.matcher.kill()
                exchange.restart_matcher()
                busy(100)
                wanted = market.get("depth", limit=5000)
                levels = {"bids": wanted["bids"], "asks": wanted["asks"]}
                wait_until(lambda: all(book.levels() == levels for book in heard), "a book as the exchange's")
            finally:
                done.set()
                for reader in readers:
                    reader.join()


def test_a_gateway_that_stops_says_so(tmp_path: Path) -> None:
    with Exchange(tmp_path) as exchange:
        with (
            Socket(exchange, "/ws") as raw,
            Socket(exchange, "/stream") as combined,
            Socket(exchange, "/ws-api/v3") as api,
        ):
            assert api.ask("ping")["status"] == 200
            exchange.gateway.stop()
            endings = [stream.ending() for stream in (raw, combined, api)]
        assert [code for code, _ in endings] == [1001, 1001, 1001]
        last = [said[-1] for _, said in endings]
        events = [last[0], last[1]["data"], last[2]["event"]]
        assert [(event["e"], set(event)) for event in events] == [("serverShutdown", {"e", "E"})] * 3
        assert last[1]["stream"] == "!serverShutdown"
        exchange.gateway.start()
        exchange.gateway.wait_until_ready()
