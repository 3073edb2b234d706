"""A symbol is moved to another shard, as docs/shards.md says."""

import json
from pathlib import Path

from protocol.shards import first_order_id
from tests.exchange import Json, good, wait_until
from tests.sharded import ShardedExchange, map_text

SYMBOL = "ETH-USDT"


def call(exchange: ShardedExchange, path: str, body: Json, **parameters: str) -> Json:
    return good(exchange.http.post(path, json=body, params=parameters or None))


def set_status(exchange: ShardedExchange, instrument: Json, status: str) -> None:
    fields = {name: value for name, value in instrument.items() if value is not None and name != "halted_until"}
    call(exchange, "/admin/instruments", {**fields, "status": status})


def test_a_symbol_moves_with_its_book_its_trade_ids_and_the_money_behind_its_orders(tmp_path: Path) -> None:
    with ShardedExchange(tmp_path, {"majors": ["BTC-USDT"], "rest": []}) as exchange:
        call(
            exchange,
            "/admin/accounts/ann/deposit",
            {"asset": "USDT", "amount": "5000", "transfer_id": "d1", "shard": "rest"},
        )
        first = good(exchange.order(SYMBOL, "buy", "1", "1000", account="ann", client_order_id="first"))
        good(exchange.order(SYMBOL, "buy", "1", "1000", account="bob"))
        good(exchange.order(SYMBOL, "sell", "0.5", "1000", account="bob"))
        [before] = exchange.get("/trades", symbol=SYMBOL)["trades"]
        depth = exchange.get("/depth", symbol=SYMBOL)
        [instrument] = [each for each in exchange.get("/instruments")["instruments"] if each["symbol"] == SYMBOL]

        set_status(exchange, instrument, "halted")
        saved = call(exchange, "/admin/save", {}, symbol=SYMBOL)
        book = json.loads((exchange.matchers["rest"].data / saved["file"]).read_text())
        empty = {**book, "bids": [], "asks": [], "pending": []}
        call(exchange, "/admin/load", {"book": empty}, symbol=SYMBOL)
        assert exchange.get("/orders", account="ann")["orders"] == []
        exchange.map_file.write_text(
            map_text({"majors": ["BTC-USDT", SYMBOL], "rest": []}, [each.base for each in exchange.matchers.values()])
        )
        exchange.restart()

        set_status(exchange, instrument, "halted")
        moved = {"asset": "USDT", "from_shard": "rest", "to_shard": "majors", "transfer_id": "move"}
        free = exchange.get("/accounts/ann/balances", shard="rest")["balances"]
        [usdt] = [each for each in free if each["asset"] == "USDT"]
        call(exchange, "/admin/accounts/ann/transfer", {**moved, "amount": usdt["free"]})
        loaded = call(exchange, "/admin/load", {"book": book, "new_order_ids": True}, symbol=SYMBOL)
        assert loaded["restored"] == 2
        set_status(exchange, instrument, "trading")

        assert exchange.get("/depth", symbol=SYMBOL)["bids"] == depth["bids"]
        [order] = exchange.get("/orders", account="ann")["orders"]
        assert int(order["order_id"]) < first_order_id(1) < int(first["order_id"])
        assert (order["quantity"], order["filled_quantity"]) == ("1", "0.5")
        # The done order stays where it was.
        assert exchange.get(f"/orders/{first['order_id']}")["status"] == "canceled"
        good(exchange.order(SYMBOL, "sell", "0.5", "1000", account="bob"))
        [after] = exchange.get("/trades", symbol=SYMBOL)["trades"]
        assert int(after["trade_id"]) == int(before["trade_id"]) + 1
        assert exchange.get(f"/orders/{order['order_id']}")["status"] == "filled"
        wait_until(lambda: not any(each["warnings"] for each in exchange.get("/health")["shards"]), "no warnings")
