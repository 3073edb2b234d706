"""python -m matching_exchange.tools.keys KIND: makes keys of that kind."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from matching_exchange.process.command_line import Parser, run_program
from matching_exchange.tools.keys import create, curve

PROGRAM: Final = "keys"

KINDS: Final[Mapping[str, Callable[[Sequence[str]], int]]] = {"create": create.main, "curve": curve.main}
"""Each gets the arguments behind its name, and returns the exit status."""

TEXTS: Final[Mapping[str, str]] = {"create": create.DESCRIPTION, "curve": curve.DESCRIPTION}


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    listed = " ".join(f"{kind}: {text}" for kind, text in TEXTS.items())
    parser = Parser(PROGRAM, "Make keys.", f"Kinds: {listed}")
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help="what the keys are for")
    return KINDS[parser.parse_args(arguments[:1]).kind](arguments[1:])


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
