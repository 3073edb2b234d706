"""The flags that tell what trades. `run` has them too."""

import argparse
from pathlib import Path
from typing import Final

from matching_exchange.tools.arguments import number, told
from protocol.demo import MAX_SPEED, MIN_SPEED, REAL_TIME, SPEED_DECIMALS
from protocol.instrument import format_decimal, parse_decimal

SPEEDS: Final = (
    f"a number from {format_decimal(MIN_SPEED, SPEED_DECIMALS)} to {format_decimal(MAX_SPEED, SPEED_DECIMALS)} with at "
    f"most {SPEED_DECIMALS} decimals"
)


def speed(text: str) -> int:
    """A speed in units of 10^-SPEED_DECIMALS of real time."""
    value = parse_decimal(text, SPEED_DECIMALS)
    if not MIN_SPEED <= value <= MAX_SPEED:
        raise ValueError(text)
    return value


def add_market_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that tell what trades: those of `run` too."""
    parser.add_argument(
        "--seed", type=number(0), default=1, metavar="N", help="the seed of the synthetic market (default: 1)"
    )
    parser.add_argument(
        "--speed",
        type=told(speed, SPEEDS),
        default=REAL_TIME,
        metavar="N",
        help=f"a multiple of real time; takes {SPEEDS} (default: 1)",
    )
    parser.add_argument(
        "--from",
        dest="recording",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="play this recording too, again and again: a file that `replay` reads",
    )
