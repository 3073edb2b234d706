"""What `keys create` says of arguments that cannot be, before it asks anybody."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from matching_exchange.tools.keys import create


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000",
        "ftp://127.0.0.1",
        "http:///path",
        "http://127.0.0.1:port",
        "http://127.0.0.1:70000",
        "http://127.0.0.1:0",
        "http://[::1",
        "http://ann:s3cret@127.0.0.1",
        "http://127.0.0.1/b\u00f6rse",
    ],
)
def test_a_url_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str], url: str) -> None:
    with pytest.raises(SystemExit) as caught:
        create.main(["--account=alice", f"--url={url}"], {})
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", f"keys create: --url: {url!r}: takes a URL such as http://127.0.0.1:8000\n")


@pytest.mark.parametrize("token", ["two words", "line\nline", "s3cret\u20ac"])
@pytest.mark.parametrize("by_flag", [True, False])
def test_a_token_that_no_header_can_carry_is_not_shown(
    capsys: pytest.CaptureFixture[str], token: str, *, by_flag: bool
) -> None:
    flags, environment = ([f"--token={token}"], {}) if by_flag else ([], {"GATEWAY_ADMIN_TOKEN": token})
    with pytest.raises(SystemExit) as caught:
        create.main(["--account=alice", "--url=http://127.0.0.1:1", *flags], environment)
    assert caught.value.code == 2
    name = "--token" if by_flag else "GATEWAY_ADMIN_TOKEN"
    assert capsys.readouterr() == ("", f"keys create: {name}: takes printable ASCII without spaces\n")


def test_a_call_that_was_not_taken_is_sent_again(capsys: pytest.CaptureFixture[str]) -> None:
    """A gateway that has just started does not know its matcher yet."""
    answers = [(503, b'{"code":"matcher_unavailable","detail":"Nothing was taken."}'), (201, b'{"key":"k"}')]

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            assert create.main(["--account=alice", f"--url=http://127.0.0.1:{server.server_port}"], {}) == 0
        finally:
            server.shutdown()
            serving.join()
    assert answers == []
    assert capsys.readouterr().out.startswith("key     k\n")
