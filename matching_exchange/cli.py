"""matching-exchange COMMAND: every program of the exchange by one name, for those who installed the package."""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from matching_exchange.process.command_line import Parser, end_with_line

PROGRAM: Final = "matching-exchange"


class Command(NamedTuple):
    """A program: its module, what it does, arguments that come first, and the package of the extra that it needs."""

    module: str
    text: str
    arguments: tuple[str, ...] = ()
    needs: str | None = None


COMMANDS: Final = {
    "run": Command("matching_exchange.tools.run", "start the whole exchange: matcher, gateway and history"),
    "demo": Command("matching_exchange.tools.run", "start the exchange with a lively synthetic market", ("--demo",)),
    "cluster": Command("matching_exchange.tools.cluster", "start a cluster: etcd x 3, matchers x 3 and a gateway"),
    "matcher": Command("matcher", "start the matcher alone"),
    "gateway": Command("gateway", "start the gateway alone"),
    "history": Command("history", "follow the journal of an exchange into a database"),
    "subscribe": Command("matching_exchange.tools.subscribe", "print trades and depth of a running exchange"),
    "keys": Command("matching_exchange.tools.keys", "make keys"),
    "replay": Command("matching_exchange.tools.replay", "send recorded order flow to the exchange and compare"),
    "export": Command("matching_exchange.tools.export", "write trades, candles, orders or book events to files"),
    "facts": Command("matching_exchange.tools.facts", "print stylised facts of simulated and of recorded markets"),
    "clients": Command("matching_exchange.recipes", "print what points a stock client here"),
    "load-test": Command("matching_exchange.tools.load_test", "load a running exchange", needs="hdrh"),
    "bench": Command("matching_exchange.tools.bench", "measure the exchange on this machine", needs="hdrh"),
    "torture": Command("matching_exchange.tools.torture", "kill an exchange of its own while clients trade, and check"),
    "client-faults": Command("matching_exchange.tools.client_faults", "kill an exchange while Binance clients trade"),
    "history-soak": Command("matching_exchange.tools.history_soak", "kill a history of its own, compare its tables"),
    "simulate-replication": Command(
        "matching_exchange.tools.simulate_replication", "simulate leaders and standbys with faults, and check"
    ),
    "compatibility": Command("matching_exchange.tools.compatibility", "run stock clients, each in an environment"),
    "conformance": Command("matching_exchange.tools.conformance", "check the engine against a public benchmark"),
    "backup": Command("matching_exchange.tools.backup", "copy a data directory while its exchange runs"),
    "restore": Command("matching_exchange.tools.restore", "make a data directory of a backup"),
    "handover": Command("matcher.handover", "let another matcher of a replicated log lead"),
    "adopt": Command("matcher.adopt", "move a state from one log to another"),
    "repair": Command("matcher.repair", "show what is wrong with a damaged journal"),
}


def main() -> NoReturn:
    """Become the program that the command line names."""
    if sys.platform == "win32":
        end_with_line(PROGRAM, "runs on Linux and macOS: on Windows, use WSL or containers")
    become(parse(sys.argv[1:2]), sys.argv[2:])


def parse(arguments: Sequence[str]) -> str:
    """The name of the command. Ends the process if none is given."""
    listed = "\n".join(f"  {name:<12} {command.text}" for name, command in COMMANDS.items())
    parser = Parser(
        PROGRAM,
        "A crypto exchange for one machine.",
        f"commands:\n{listed}\n\n`{PROGRAM} COMMAND --help` tells what a command takes.",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = f"{PROGRAM} [-h] [--version] COMMAND ..."
    parser.add_argument("command", type=_known, metavar="COMMAND", help="one of those below")
    name: str = parser.parse_args(arguments).command
    return name


def become(name: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the command's; its children find the same code."""
    command = COMMANDS[name]
    if command.needs is not None and importlib.util.find_spec(command.needs) is None:
        end_with_line(PROGRAM, f"{name} needs the extra bench: pip install 'matching-exchange[bench]'")
    environment = dict(os.environ)
    # Python looks for modules in the current directory first, where a folder may have the name of one of ours.
    if Path(__file__).parents[1] != Path.cwd():
        environment["PYTHONSAFEPATH"] = "1"
    line = [sys.executable, "-m", command.module, *command.arguments, *arguments]
    os.execve(sys.executable, line, environment)  # noqa: S606


def _known(name: str) -> str:
    if name not in COMMANDS:
        raise argparse.ArgumentTypeError(f"{name!r}: takes one of {', '.join(COMMANDS)}")
    return name
