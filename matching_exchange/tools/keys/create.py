"""keys create: makes an API key by the gateway's call, and prints it with lines that use it."""

import os
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from gateway.config import WORD, admin_token
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line
from matching_exchange.process.files import read_file, what_failed
from matching_exchange.tools.arguments import Parser

PROGRAM: Final = "keys create"

DESCRIPTION: Final = "Make an API key of an account on a running exchange. Its secret is shown this once."

TIMEOUT: Final = 30
"""Seconds."""

PATIENCE: Final = 5
"""Seconds for which a call that was not taken is sent again."""

AGAIN: Final = 0.2
"""Seconds between two of them."""

CREATED: Final = 201
UNAVAILABLE: Final = 503

MAX_FILE: Final = 64 * 1024
"""Bytes of a public key's file."""


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """The exit status."""
    parser = Parser(PROGRAM, DESCRIPTION)
    parser.add_argument("--account", required=True, metavar="NAME", help="the account that the key acts for")
    parser.add_argument("--label", metavar="TEXT", help="a note for people")
    parser.add_argument("--type", choices=("hmac", "ed25519", "rsa"), default="hmac", help="(default: hmac)")
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="the PEM file of an ed25519 or rsa key")
    parser.add_argument(
        "--permissions", metavar="LIST", help="some of trade,user_data,user_stream (default: all of them)"
    )
    parser.add_argument("--addresses", metavar="LIST", help="networks that it may be used from (default: any)")
    parser.add_argument("--expires", metavar="TIME", help="from when on it is good no more (default: never)")
    parser.add_argument(
        "--deposit",
        action="append",
        default=[],
        metavar="LIST",
        help="what the account gets with it, such as USDT=10000,BTC=0.5; may be given again",
    )
    parser.add_argument("--url", metavar="URL", help="the gateway (default: where GATEWAY_HOST and GATEWAY_PORT say)")
    parser.add_argument(
        "--token", metavar="TOKEN", help="the administrator's token (environment: GATEWAY_ADMIN_TOKEN; better there)"
    )
    options = parser.parse_args(arguments)
    url = (options.url or parser.gateway_url(environment)).rstrip("/")
    body: dict[str, Any] = {"account": options.account, "type": options.type}
    for name in ("label", "expires"):
        if getattr(options, name) is not None:
            body[name] = getattr(options, name)
    for name in ("permissions", "addresses"):
        if getattr(options, name) is not None:
            body[name] = [part.strip() for part in getattr(options, name).split(",")]
    if options.deposit:
        body["deposit"] = _deposit(options.deposit)
    if options.public_key is not None:
        try:
            body["public_key"] = read_file(options.public_key, MAX_FILE).decode("ascii", errors="replace")
        except OSError as error:
            end_with_line(PROGRAM, f"--public-key: {what_failed(error)}", EXIT_FAILED)
    print(_told(_post(url, body, _token(options.token, environment)), url))
    return 0


def _token(given: str | None, environment: Mapping[str, str]) -> str:
    """The administrator's token; empty for none. Ends the process, without showing it, where no header can carry it."""
    try:
        return admin_token(given or environment.get("GATEWAY_ADMIN_TOKEN", ""))
    except ValueError:
        end_with_line(PROGRAM, f"{'--token' if given else 'GATEWAY_ADMIN_TOKEN'}: takes {WORD}")


def _deposit(lists: Sequence[str]) -> dict[str, str]:
    """Amounts by asset. Ends the process where a part is no pair, or an asset stands twice."""
    amounts: dict[str, str] = {}
    for part in (part.strip() for text in lists for part in text.split(",")):
        asset, _, amount = (each.strip() for each in part.partition("="))
        if not asset or not amount or asset in amounts:
            end_with_line(PROGRAM, f"--deposit: {part!r}: takes ASSET=AMOUNT, with commas between, each asset once")
        amounts[asset] = amount
    return amounts


def _post(url: str, body: Mapping[str, Any], token: str) -> dict[str, Any]:
    """The new key. Ends the process where the gateway makes none."""
    parts = _parts(url)
    status, answer = _ask(parts, body, token)
    until = time.monotonic() + PATIENCE
    # Nothing was taken: a worker that has just started may not know the matcher yet.
    while status == UNAVAILABLE and time.monotonic() < until:
        time.sleep(AGAIN)
        status, answer = _ask(parts, body, token)
    if status != CREATED:
        end_with_line(PROGRAM, f"{answer.get('code')}: {answer.get('detail')}", EXIT_FAILED)
    return answer


def _ask(parts: SplitResult, body: Mapping[str, Any], token: str) -> tuple[int, dict[str, Any]]:
    """The status and the body of the answer. Ends the process where there is none."""
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        connection.request("POST", f"{parts.path}/admin/keys", msgspec.json.encode(body), headers)
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read(), type=dict[str, Any])
    except (OSError, UnicodeError, HTTPException, msgspec.MsgspecError) as error:
        end_with_line(PROGRAM, f"{parts.geturl()} cannot be asked: {error}", EXIT_FAILED)
    finally:
        connection.close()


def _parts(url: str) -> SplitResult:
    """The parts of the gateway's URL. Ends the process where it is none."""
    try:
        parts = urlsplit(url)
        # A port that is none is an error as soon as it is asked for.
        is_good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and url.isascii()
    except ValueError:
        is_good = False
    if not is_good or "@" in parts.netloc:
        end_with_line(PROGRAM, f"--url: {url!r}: takes a URL such as http://127.0.0.1:8000")
    return parts


def _told(key: Mapping[str, Any], url: str) -> str:
    lines = [f"key     {key['key']}"]
    if "secret" not in key:
        return "\n".join([*lines, "", "Sign each call with the private key: see docs/security.md."])
    proof = f"{key['key']}.{key['secret']}"
    bearer = f'-H "Authorization: Bearer {proof}"'
    order = '{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"0.1","price":"30000"}'
    return "\n".join(
        [
            *lines,
            f"secret  {key['secret']}",
            "",
            f"The dashboard at {url} takes this to sign in:",
            proof,
            "",
            f"curl {bearer} {url}/orders",
            f"curl {bearer} -H \"Content-Type: application/json\" -d '{order}' {url}/orders",
        ]
    )
