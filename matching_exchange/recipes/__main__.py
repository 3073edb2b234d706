"""python -m matching_exchange.recipes CLIENT: prints ready configuration of a stock client."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.files import read_file, what_failed
from matching_exchange.recipes.configuration import NAMES, exchange_client_config
from matching_exchange.recipes.printing import text_of
from matching_exchange.recipes.urls import ClientConfigError, refuse_other_hosts

PROGRAM: Final = "clients"

DESCRIPTION: Final = "Print ready configuration that points a stock client of Binance Spot at this exchange."

EPILOG: Final = (
    "The key comes from --key, or from EXCHANGE_API_KEY and EXCHANGE_API_SECRET. It is printed with the configuration, "
    "and nowhere else."
)

URL: Final = "http://127.0.0.1:8000"

MAX_FILE: Final = 1024 * 1024
"""Bytes of a file that is read."""


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """The exit status."""
    parser = Parser(PROGRAM, DESCRIPTION, EPILOG)
    parser.add_argument("client", choices=NAMES, metavar="CLIENT", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--url", default=URL, metavar="URL", help=f"the gateway (default: {URL})")
    parser.add_argument(
        "--key",
        metavar="FILE",
        help="what `scripts/keys create` printed, or lines `key K` and `secret S`; - for standard input",
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="FILE",
        help="an interpreter that has the client, for ccxt, freqtrade and python-binance (default: this one)",
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="print nothing; refuse that JSON configuration while a URL in it names another host",
    )
    options = parser.parse_args(arguments)
    try:
        if options.check is not None:
            refuse_other_hosts(json.loads(_read(options.check, "--check")), options.url)
            return 0
        key, secret = _key(options.key, environment)
        config = exchange_client_config(options.client, options.url, key, secret, options.python)
    except ClientConfigError as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    except json.JSONDecodeError as error:
        end_with_line(PROGRAM, f"--check: takes a file of JSON: {error}", EXIT_FAILED)
    print(text_of(options.client, config))
    return 0


def _key(file: str | None, environment: Mapping[str, str]) -> tuple[str, str]:
    """Key and secret. Ends the process, without showing them, where one is missing."""
    if file is None:
        key, secret = environment.get("EXCHANGE_API_KEY", ""), environment.get("EXCHANGE_API_SECRET", "")
        if not key or not secret:
            end_with_line(PROGRAM, "--key: takes a file, or set EXCHANGE_API_KEY and EXCHANGE_API_SECRET")
        return key, secret
    text = sys.stdin.read(MAX_FILE) if file == "-" else _read(Path(file), "--key")
    key, secret = _line(text, "key"), _line(text, "secret")
    if not key or not secret:
        end_with_line(PROGRAM, "--key: takes lines `key K` and `secret S`, as `scripts/keys create` prints them")
    return key, secret


def _line(text: str, name: str) -> str:
    found = re.search(rf"^{name}[ \t:=]+(\S+)[ \t]*$", text, re.MULTILINE)
    return found[1] if found else ""


def _read(file: Path, flag: str) -> str:
    try:
        return read_file(file, MAX_FILE).decode(errors="replace")
    except OSError as error:
        end_with_line(PROGRAM, f"{flag}: {what_failed(error)}", EXIT_FAILED)


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
