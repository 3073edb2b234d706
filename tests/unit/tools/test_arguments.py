"""What the tools' command lines share: each finds the exchange where the gateway's variables say, unless a flag
does."""

import argparse
from pathlib import Path

import pytest

from matching_exchange.tools.arguments import Parser, number

VARIABLES = {"GATEWAY_COMMANDS": "tcp://10.0.0.1:1", "GATEWAY_REPORTS": "tcp://10.0.0.1:3"}


@pytest.fixture
def parser() -> Parser:
    parser = Parser("tool", "A tool.")
    for name in ("commands", "reports"):
        parser.add_endpoint(name, f"where {name} go")
    parser.add_endpoint("market-data", "where market data comes from", optional=True)
    parser.add_argument("--count", type=number(1))
    return parser


def endpoints(options: argparse.Namespace) -> list[str | None]:
    return [options.commands, options.market_data, options.reports]


def test_the_default_is_the_gateways(parser: Parser) -> None:
    assert endpoints(parser.read([], {})) == ["tcp://127.0.0.1:5555", None, "tcp://127.0.0.1:5557"]
    assert parser.gateway_url({}) == "http://127.0.0.1:8000"


def test_the_variable_wins_over_the_default_and_the_flag_over_both(parser: Parser) -> None:
    assert endpoints(parser.read([], VARIABLES)) == ["tcp://10.0.0.1:1", None, "tcp://10.0.0.1:3"]
    found = parser.read(["--commands=ipc://here", "--market-data"], {**VARIABLES, "GATEWAY_COMMANDS": "nonsense"})
    assert endpoints(found) == ["ipc://here", "tcp://127.0.0.1:5556", "tcp://10.0.0.1:3"]


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        (["--commands=tcp://*:1"], {}, "--commands: 'tcp://*:1': takes an endpoint such as"),
        (["--reports="], VARIABLES, "--reports: '': takes an endpoint such as"),
        ([], {"GATEWAY_REPORTS": "a b"}, "GATEWAY_REPORTS: 'a b': takes an endpoint such as"),
        (
            ["--reports=ipc://x", "--commands=ipc://x"],
            {},
            "GATEWAY_COMMANDS (--commands) and GATEWAY_REPORTS (--reports): ipc://x: ",
        ),
        (["--count=none\n"], {}, "argument --count: 'none\\n': takes a whole number from 1 to 1000000000"),
        (["--unknown", "two\nlines"], {}, "unrecognized arguments: --unknown two lines"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    parser: Parser, capsys: pytest.CaptureFixture[str], arguments: list[str], environment: dict[str, str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.read(arguments, environment)
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert printed.err.startswith(f"tool: {line}")


def test_what_is_no_socket_is_told_in_one_line(
    parser: Parser, capsys: pytest.CaptureFixture[str], short_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.read([f"--commands=ipc://{short_path}"], {})
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (1, "")
    endpoint = f"ipc://{short_path}"
    assert (
        printed.err
        == f"tool: GATEWAY_COMMANDS (--commands): {endpoint} cannot be connected to: a file is there that is no socket\n"
    )


def test_bad_variables_of_the_gateway_are_named(parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser.gateway_url({"GATEWAY_HOST": "a..b"})
    assert capsys.readouterr().err.startswith("tool: GATEWAY_HOST: 'a..b': takes ")
