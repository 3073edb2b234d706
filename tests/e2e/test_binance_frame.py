"""What every call of the Binance dialect shares: paths, headers, parameters, and the proof of a key."""

from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import httpx
import pytest

from tests.e2e.binance import Ed25519Holder, Holder, RsaHolder, failure, now
from tests.e2e.binance_sockets import Socket
from tests.exchange import Exchange, wait_until

SIGNED = "/api/v3/rateLimit/order"
ORDER_COUNTS = [
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100, "count": 0},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000, "count": 0},
]

BAD_KEY = (401, -2015, "Invalid API-key, IP, or permissions for action.")
BAD_SIGNATURE = (400, -1022, "Signature for this request is not valid.")
BANNED = (
    "Way too much request weight used; IP banned until %s. Please use WebSocket Streams for live updates to avoid bans."
)
TOO_MUCH_WEIGHT = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
OUTSIDE = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD = (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def holder(exchange: Exchange) -> Holder:
    return Holder(exchange, "bob")


def mandatory(name: str) -> tuple[int, int, str]:
    return 400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def test_every_answer_tells_the_weight_that_was_used(exchange: Exchange) -> None:
    for path in ("/api/v3/ping", "/api/v3/nothing", SIGNED):
        response = exchange.http.get(path)
        assert response.headers["content-type"] == "application/json"
        assert int(response.headers["x-mbx-used-weight"]) > 0
        assert response.headers["x-mbx-used-weight-1m"] == response.headers["x-mbx-used-weight"]


def test_paths_that_the_dialect_does_not_have(exchange: Exchange) -> None:
    for path in ("/api/v3/nothing", "/api/v1/ping", "/sapi/v1/nothing", "/fapi/x", "/dapi/x", "/eapi/x"):
        assert failure(exchange.http.get(path)) == (404, -1020, "This operation is not supported.")
    response = exchange.http.post("/api/v3/ping")
    assert failure(response) == (405, -1020, "This operation is not supported.")
    assert response.headers["allow"] == "GET, HEAD"


def test_the_dialect_can_be_switched_off(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_environment={"GATEWAY_BINANCE": "off"}) as exchange:
        response = exchange.http.get("/api/v3/ping")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_the_time_in_milliseconds_and_in_microseconds(exchange: Exchange) -> None:
    told = exchange.get("/api/v3/time")["serverTime"]
    assert abs(told - now()) < 60_000
    response = exchange.http.get("/api/v3/time", headers={"X-MBX-TIME-UNIT": "MICROSECOND"})
    assert abs(response.json()["serverTime"] // 1000 - now()) < 60_000


@pytest.mark.parametrize("kind", [Holder, Ed25519Holder, RsaHolder])
def test_a_key_of_each_type_signs(exchange: Exchange, kind: type[Holder]) -> None:
    response = kind(exchange, "carol").call("GET", SIGNED)
    assert (response.status_code, response.json()) == (200, ORDER_COUNTS)


def test_the_signature_may_stand_anywhere(holder: Holder) -> None:
    text = f"recvWindow=5000&timestamp={now()}"
    signature = holder.sign(text)
    window, timestamp = text.split("&")
    assert holder.send("GET", SIGNED, f"signature={signature}&{text}").status_code == 200
    assert holder.send("GET", SIGNED, f"{window}&signature={signature}&{timestamp}").status_code == 200
    assert holder.send("GET", SIGNED, f"{text}&signature={signature.upper()}").status_code == 200


def test_a_plus_sign_that_was_not_escaped(exchange: Exchange) -> None:
    holder = Ed25519Holder(exchange, "carol")
    for attempt in range(60):
        text = f"timestamp={now()}&a={attempt}"
        signature = holder.sign(text).replace("%2B", "+")
        assert holder.send("GET", SIGNED, f"{text}&signature={signature}").status_code == 200


def test_what_is_signed_are_the_bytes_that_were_sent(holder: Holder) -> None:
    text = f"a=%7e%7E+%20{{}}&&b&timestamp={now()}"
    assert holder.send("GET", SIGNED, f"{text}&signature={holder.sign(text)}").status_code == 200
    spelled = text.replace("%7e", "%7E")
    assert failure(holder.send("GET", SIGNED, f"{spelled}&signature={holder.sign(text)}")) == BAD_SIGNATURE


def test_equal_calls_are_answered_each_time(holder: Holder) -> None:
    query = holder.signed()
    assert [holder.send("GET", SIGNED, query).status_code for _ in range(3)] == [200, 200, 200]


def test_the_key_is_looked_at_first(exchange: Exchange, holder: Holder) -> None:
    bad_format = (401, -2014, "API-key format invalid.")
    assert failure(exchange.http.get(SIGNED)) == bad_format
    assert failure(exchange.http.get(SIGNED, headers={"X-MBX-APIKEY": "no-key"})) == bad_format
    assert failure(exchange.http.get(SIGNED, headers={"X-MBX-APIKEY": ""})) == bad_format
    assert failure(exchange.http.get(SIGNED, headers={"X-MBX-APIKEY": "A" * 64})) == BAD_KEY


def test_a_revoked_key(exchange: Exchange) -> None:
    holder = Holder(exchange, "dave")
    assert holder.call("GET", SIGNED).status_code == 200
    exchange.delete(f"/admin/keys/{holder.api_key}")
    assert failure(holder.call("GET", SIGNED)) == BAD_KEY


def test_a_key_of_another_address_or_without_the_permission(exchange: Exchange) -> None:
    assert failure(Holder(exchange, "dave", addresses=["192.0.2.0/24"]).call("GET", SIGNED)) == BAD_KEY
    assert failure(Holder(exchange, "dave", permissions=["trade"]).call("GET", SIGNED)) == BAD_KEY


def test_signature_and_timestamp_are_mandatory(holder: Holder) -> None:
    assert failure(holder.send("GET", SIGNED)) == mandatory("signature")
    assert failure(holder.send("GET", SIGNED, "signature=00")) == mandatory("timestamp")
    assert failure(holder.send("GET", SIGNED, f"timestamp={now()}")) == mandatory("signature")
    assert failure(holder.send("GET", SIGNED, "timestamp=soon&signature=00")) == mandatory("timestamp")


def test_the_window(holder: Holder) -> None:
    def at(time: int, window: str = "") -> tuple[int, int, str] | int:
        text = f"timestamp={time}" + (f"&recvWindow={window}" if window else "")
        response = holder.send("GET", SIGNED, f"{text}&signature={holder.sign(text)}")
        return 200 if response.status_code == 200 else failure(response)

    bad_window = (400, -1130, "Data sent for parameter 'recvWindow' is not valid.")
    assert at(now()) == 200
    assert at(now() * 1000) == 200, "in microseconds"
    assert at(now(), "4999.125") == 200
    assert at(now() - 30_000, "60000") == 200
    assert at(now() - 6_000) == OUTSIDE
    assert at(now() - 90_000, "60000") == OUTSIDE
    assert at(now() + 60_000) == AHEAD
    assert at(now(), "60001") == bad_window
    assert at(now(), "60000.001") == bad_window
    assert at(now(), "long") == bad_window


def test_the_window_is_looked_at_before_the_signature(holder: Holder) -> None:
    assert failure(holder.send("GET", SIGNED, f"timestamp={now() - 60_000}&signature=00")) == OUTSIDE
    assert failure(holder.send("GET", SIGNED, f"timestamp={now()}&signature=00")) == BAD_SIGNATURE


def test_a_name_that_stands_twice(exchange: Exchange, holder: Holder) -> None:
    duplicate = (400, -1101, "Duplicate values for a parameter detected.")
    assert failure(exchange.http.get("/api/v3/ping?a=1&a=2")) == duplicate
    text = f"timestamp={now()}&timestamp={now()}"
    assert failure(holder.send("GET", SIGNED, f"{text}&signature={holder.sign(text)}")) == duplicate
    text = f"timestamp={now()}"
    signature = holder.sign(text)
    assert failure(holder.send("GET", SIGNED, f"{text}&signature={signature}&signature={signature}")) == duplicate


def test_too_many_parameters(exchange: Exchange) -> None:
    answer = exchange.http.get("/api/v3/ping?" + "&".join(f"p{number}=1" for number in range(101)))
    assert failure(answer) == (400, -1101, "Too many parameters sent for this endpoint.")


def test_all_workers_count_for_an_address_together(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=("--workers=2",)) as exchange:

        def used() -> int:
            with httpx.Client(base_url=exchange.url, trust_env=False, verify=False) as client:
                return int(client.get("/api/v3/ping").headers["x-mbx-used-weight"])

        told = [used() for _ in range(20)]
        rising = [later - earlier for earlier, later in pairwise(told)]
        # The count begins anew with a minute.
        assert sum(step != 1 for step in rising) <= 1


def test_an_encoded_name_of_the_signature_is_not_left_out_of_what_is_signed(holder: Holder) -> None:
    text = f"timestamp={now()}"
    assert failure(holder.send("GET", SIGNED, f"{text}&%73ignature={holder.sign(text)}")) == BAD_SIGNATURE


def test_a_page_of_a_named_origin_may_send_a_key(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=("--cors-origins=https://desk.example",)) as exchange:
        headers = {
            "Origin": "https://desk.example",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "X-MBX-APIKEY",
        }
        asked = exchange.http.options("/api/v3/order/amend/keepPriority", headers=headers)
        assert asked.status_code == 200
        assert "X-MBX-APIKEY" in asked.headers["access-control-allow-headers"]
        told = exchange.http.get("/api/v3/ping", headers={"Origin": "https://desk.example"})
        assert told.headers["access-control-allow-origin"] == "https://desk.example"
        assert "X-MBX-USED-WEIGHT" in told.headers["access-control-expose-headers"]


def test_a_page_of_another_origin_may_not_call(exchange: Exchange) -> None:
    response = exchange.http.post("/api/v3/order", headers={"Origin": "https://evil.example"})
    assert (response.status_code, response.json()["code"]) == (403, -1000)


def test_without_a_matcher(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=(f"--key-file={tmp_path / 'server.key'}",)) as exchange:
        holder = Holder(exchange, "bob")
        exchange.matcher.stop()
        unavailable = (503, -1001, "Internal error; unable to process your request. Please try again.")
        # The gateway relies on what it knows of keys for a moment.
        wait_until(lambda: holder.call("GET", SIGNED).status_code != 200, "an answer that tells of no matcher")
        assert failure(holder.call("GET", SIGNED)) == unavailable
        exchange.restart_matcher()


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://desk.example"}])
def test_a_limit_of_the_gateway_is_told_in_the_words_of_the_dialect(tmp_path: Path, origin: dict[str, str]) -> None:
    flags = ("--requests-per-address=100/1", "--cors-origins=https://desk.example")
    with Exchange(tmp_path, gateway_flags=flags) as exchange:

        def refused(path: str) -> httpx.Response:
            """The first answer that tells of the limit."""
            answers = (exchange.http.get(path, headers=origin) for _ in count())
            return next(answer for answer in answers if answer.status_code != 200)

        answer = refused("/api/v3/ping")
        status, code, text = failure(answer)
        assert (status, code) == (429, -1003)
        assert "GATEWAY_REQUESTS_PER_ADDRESS" in text
        assert answer.headers["retry-after"] == "1"
        assert refused("/depth?symbol=BTC-USDT").json()["code"] == "rate_limited"


def test_a_host_that_is_not_served(exchange: Exchange) -> None:
    assert failure(exchange.http.get("/api/v3/ping", headers={"Host": "other.example"}))[:2] == (421, -1000)


def test_limits_are_enforced_where_a_setting_says_so(tmp_path: Path) -> None:
    flags = (f"--key-file={tmp_path / 'server.key'}", "--binance-limits=on")
    with Exchange(tmp_path, gateway_flags=flags) as exchange:
        holder = Holder(exchange, "bob")
        # 40 each.
        answers = [holder.call("GET", SIGNED) for _ in range(151 * 2)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused
        assert failure(refused[0]) == (429, -1003, TOO_MUCH_WEIGHT)
        assert 1 <= int(refused[0].headers["retry-after"]) <= 60

        # Who goes on is banned, from all that counts. 250 each.
        answers = [exchange.http.get("/api/v3/depth?symbol=BTCUSDT&limit=5000") for _ in range(2 * 6_000 // 250 * 2)]
        status, code, text = failure(answers[-1])
        assert (status, code) == (418, -1003)
        before, after = BANNED.split("%s")
        assert text.startswith(before)
        assert text.endswith(after)
        until = int(text.removeprefix(before).removesuffix(after))
        assert 0 < until - now() <= 120_000
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 120
        assert failure(holder.call("GET", SIGNED))[:2] == (418, -1003)
        with Socket(exchange, "/ws-api/v3") as socket:
            told = socket.ask("ping")
        assert (told["status"], told["error"]["code"]) == (418, -1003)
        assert told["error"]["data"]["retryAfter"] > told["error"]["data"]["serverTime"]
