"""Elements of HTML and SVG as text. What is put in is escaped."""

from html import escape
from typing import Final

VOID: Final = frozenset({"meta", "link", "br", "hr"})
"""Elements of HTML that have no end."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: str | int) -> Markup:
    """An element. Plain content is escaped, Markup is not. `class_` and `aria_label` stand for class and aria-label."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{given}>")
    inner = "".join(part if isinstance(part, Markup) else escape(part) for part in content)
    return Markup(f"<{name}{given}>{inner}</{name}>")


def joined(parts: "list[Markup]") -> Markup:
    return Markup("\n".join(parts))


def at(tenths: int) -> str:
    """A coordinate, from tenths of a unit of the picture."""
    sign, size = ("-", -tenths) if tenths < 0 else ("", tenths)
    whole, rest = divmod(size, 10)
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
