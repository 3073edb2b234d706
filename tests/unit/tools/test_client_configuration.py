"""Configuration of stock clients: every URL in it is the exchange's, and another one is refused."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from matching_exchange.recipes import ClientConfigError, exchange_client_config, refuse_other_hosts, rewritten
from matching_exchange.recipes.__main__ import main

URL = "http://127.0.0.1:8000"
KEY = {"EXCHANGE_API_KEY": "the-key", "EXCHANGE_API_SECRET": "the-secret"}


def urls_of(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [url for each in part.values() for url in urls_of(each)]
    return [part] if isinstance(part, str) and "://" in part else []


def test_urls_are_rewritten_however_deep() -> None:
    deep = {
        "a": "https://api.venue.com/api/v3",
        "b": {"ws": ["wss://ws.venue.com:9443/ws", {"c": "https://x.com"}]},
        "n": 1,
    }
    assert rewritten(deep, URL) == {
        "a": "http://127.0.0.1:8000/api/v3",
        "b": {"ws": ["ws://127.0.0.1:8000/ws", {"c": "http://127.0.0.1:8000"}]},
        "n": 1,
    }
    assert rewritten("wss://ws.venue.com/ws", "https://exchange.example") == "wss://exchange.example/ws"


def test_urls_may_have_the_root_path_of_the_gateway() -> None:
    url = "https://exchange.example/spot/"
    assert rewritten("wss://ws.venue.com/ws", url) == "wss://exchange.example/spot/ws"
    config = exchange_client_config("binance-sdk-spot", url, "k", "s")
    assert config["config_rest_api"]["base_path"] == "https://exchange.example/spot"
    assert config["config_ws_api"]["stream_url"] == "wss://exchange.example/spot/ws-api/v3"


def test_a_url_of_another_host_is_refused_by_its_name() -> None:
    refuse_other_hosts({"a": f"{URL}/api", "b": ["ws://127.0.0.1:8000/ws"]}, URL)
    with pytest.raises(ClientConfigError, match=r"^a\.b\[1\]: names api\.venue\.com, which is not 127\.0\.0\.1:8000$"):
        refuse_other_hosts({"a": {"b": [URL, "https://api.venue.com/api"]}}, URL)
    with pytest.raises(ClientConfigError, match=r"names 127\.0\.0\.1:8001"):
        refuse_other_hosts({"a": "http://127.0.0.1:8001"}, URL)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://a", "http://a/api", "http://a?b", "http://u@a", "http://a:0"]
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ClientConfigError, match="takes the gateway's URL such as"):
        exchange_client_config("binance-sdk-spot", url, "k", "s")


@pytest.mark.parametrize("name", ["ccxt", "freqtrade", "python-binance"])
def test_clients_that_tell_their_urls_have_none_of_another_host(name: str) -> None:
    pytest.importorskip({"python-binance": "binance"}.get(name, "ccxt"), reason="the client is not installed")
    urls = urls_of(exchange_client_config(name, URL, "k", "s"))
    assert len(urls) > 20
    assert {url.split("/")[2] for url in urls} == {"127.0.0.1:8000"}
    assert any(url.startswith("ws://") for url in urls)


def test_ccxt_takes_the_configuration_whole() -> None:
    ccxt = pytest.importorskip("ccxt.pro", reason="ccxt is not installed")
    client = ccxt.binance(exchange_client_config("ccxt", URL, "k", "s"))
    refuse_other_hosts(client.urls["api"], URL)
    client.set_sandbox_mode(True)
    refuse_other_hosts(client.urls["api"], URL)


@pytest.mark.parametrize(
    ("name", "socket"),
    [("nautilus", "ws://127.0.0.1:8000/ws-api/v3"), ("nautilus-1.221", "ws://127.0.0.1:8000")],
)
def test_the_two_generations_of_nautilus_hear_the_account_elsewhere(name: str, socket: str) -> None:
    config = exchange_client_config(name, URL, "k", "s")
    assert config["exec"]["base_url_ws"] == socket
    assert config["data"]["base_url_ws"] == "ws://127.0.0.1:8000"


def test_an_unknown_client_and_a_missing_one_are_one_line() -> None:
    with pytest.raises(ClientConfigError, match="takes one of ccxt"):
        exchange_client_config("kraken", URL, "k", "s")
    with pytest.raises(ClientConfigError, match="/no/such/python") as raised:
        exchange_client_config("ccxt", URL, "k", "s", "/no/such/python")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["binance-sdk-spot", "nautilus", "nautilus-1.221", "hummingbot"])
def test_what_is_printed_for_python_is_python(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name], KEY) == 0
    text = capsys.readouterr().out
    compile(text, name, "exec")
    assert "the-key" in text
    assert "the-secret" in text


def test_the_key_is_read_from_what_keys_create_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = "key     abc123\nsecret  def456\n\nThe dashboard at http://127.0.0.1:8000 takes this to sign in:\n"
    file = tmp_path / "key.txt"
    file.write_text(printed)
    main(["binance-sdk-spot", "--key", str(file)], {})
    from_file = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO(printed))
    main(["binance-sdk-spot", "--key", "-"], {})
    assert capsys.readouterr().out == from_file
    assert "api_key='abc123', api_secret='def456'" in from_file


@pytest.mark.parametrize("arguments", [[], ["--key", "{file}"], ["--key", "/no/such/file"]])
def test_without_a_key_nothing_is_printed(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "half"
    file.write_text("key abc123\n")
    with pytest.raises(SystemExit):
        main(["hummingbot", *(argument.format(file=file) for argument in arguments)], {})
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.startswith("clients: --key: ")
    assert printed.err.count("\n") == 1
    assert "abc123" not in printed.err


def test_a_file_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"exchange": {"ccxt_config": {"urls": {"api": {"public": f"{URL}/api/v3"}}}}}))
    assert main(["freqtrade", "--check", str(file)], {}) == 0
    file.write_text(json.dumps({"exchange": {"ccxt_config": {"urls": {"api": {"sapi": "https://api.venue.com"}}}}}))
    with pytest.raises(SystemExit) as ended:
        main(["freqtrade", "--check", str(file)], {})
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "clients: exchange.ccxt_config.urls.api.sapi: names api.venue.com, which is not 127.0.0.1:8000\n"
    )
