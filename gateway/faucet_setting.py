"""What the faucet gives, as a setting tells it."""

import re
from typing import Final

MAX_GIFTS: Final = 32
"""Assets that the faucet gives at most: each one is a command."""

_GIFT: Final = re.compile(r"([A-Z0-9]{1,16}):([0-9]{1,40}(?:\.[0-9]{1,20})?)", re.ASCII)


def read_faucet(text: str) -> tuple[tuple[str, str], ...]:
    """Assets and amounts, each asset once. ValueError for another text."""
    if not text.strip():
        return ()
    gifts = tuple(_gift(part.strip()) for part in text.split(","))
    if len(gifts) > MAX_GIFTS or len({asset for asset, _ in gifts}) < len(gifts):
        raise ValueError(text)
    return gifts


def _gift(text: str) -> tuple[str, str]:
    """An asset and its amount, without needless zeros. ValueError where the text is no such pair.

    The matcher alone knows the assets, and how many decimals each one has.
    """
    match = _GIFT.fullmatch(text)
    if match is None or not match[2].strip("0."):
        raise ValueError(text)
    whole, _, fraction = match[2].partition(".")
    amount = f"{whole.lstrip('0') or '0'}.{fraction.rstrip('0')}"
    return match[1], amount.removesuffix(".")
