"""Listen keys of the Binance dialect, which old bots ask for."""

from pathlib import Path

from tests.e2e.binance import failure
from tests.e2e.binance_ears import Trader
from tests.e2e.binance_sockets import Socket
from tests.exchange import Exchange


def test_listen_keys_where_the_setting_says_so(tmp_path: Path) -> None:
    flags = (f"--key-file={tmp_path / 'server.key'}", "--binance-listen-keys=on")
    with Exchange(tmp_path, gateway_flags=flags) as exchange:
        trader = Trader(exchange)
        path = "/api/v3/userDataStream"
        listen_key = trader.holder.send("POST", path).json()["listenKey"]
        assert len(listen_key) == 60 and listen_key.isalnum()
        assert trader.holder.send("POST", path).json() == {"listenKey": listen_key}
        for method in ("PUT", "DELETE"):
            assert trader.holder.send(method, path, f"listenKey={listen_key}").json() == {}
            unknown = trader.holder.send(method, path, f"listenKey={60 * 'x'}")
            assert failure(unknown) == (400, -1125, "This listenKey does not exist.")
        with (
            Socket(exchange, f"/ws/{listen_key}") as raw,
            Socket(exchange, f"/stream?streams={listen_key}") as combined,
            Socket(exchange, "/ws") as later,
        ):
            assert later.ask("SUBSCRIBE", [listen_key])["result"] is None
            order = trader.limit("BUY", "1", "100")["orderId"]
            event = raw.hear()
            assert (event["e"], event["i"], event["x"]) == ("executionReport", order, "NEW")
            assert combined.hear() == {"stream": listen_key, "data": event}
            assert later.hear() == event
            assert raw.hear()["e"] == "outboundAccountPosition"
            exchange.delete(f"/admin/keys/{trader.holder.api_key}")
            assert raw.hear()["e"] == "eventStreamTerminated"
