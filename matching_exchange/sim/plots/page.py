"""A page of plots: one file of HTML that loads nothing."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from matching_exchange.sim.plots.markup import Markup, element, joined

STYLE: Final = Path(__file__).with_name("page.css")


def page(title: str, lead: str, parts: Sequence[Markup]) -> str:
    """The text of the file. Its policy forbids everything but its own style."""
    css = STYLE.read_text(encoding="utf-8")
    style = b64encode(sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(css)),
    )
    header = element("header", element("h1", title), element("p", lead, class_="lead"))
    body = element("body", joined([header, element("main", joined(list(parts)))]))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def section(title: str, *parts: Markup) -> Markup:
    return element("section", element("h2", title), joined(list(parts)))


def facts(pairs: Sequence[tuple[str, str]], wide: Sequence[tuple[str, str]] = ()) -> Markup:
    """Names and values. Those of `wide` have a line each, in a type that shows each sign."""
    parts = [element("div", element("dt", name), element("dd", value)) for name, value in pairs]
    parts += [
        element("div", element("dt", name), element("dd", element("code", value)), class_="wide")
        for name, value in wide
    ]
    return element("dl", joined(parts), class_="facts")


def tiles(rows: Sequence[tuple[str, str]]) -> Markup:
    """Large figures with their names."""
    parts = [element("div", element("dt", name), element("dd", value)) for name, value in rows]
    return element("dl", joined(parts), class_="tiles panel")


def plots(figures: Sequence[Markup]) -> Markup:
    return element("div", joined(list(figures)), class_="plots")


def figure(
    title: str, chart: Markup, note: str = "", legend: Sequence[tuple[str, str, str]] = (), *, full: bool = False
) -> Markup:
    """A chart with its title. legend: (name, style, form), where the form is line, up, down or bar."""
    caption = [element("h3", title)]
    if note:
        caption.append(element("p", note))
    if legend:
        items = [element("li", _key(style, form), name) for name, style, form in legend]
        caption.append(element("ul", *items, class_="legend"))
    return element("figure", element("figcaption", *caption), chart, class_="full" if full else "half")


FORMS: Final = {
    "line": ("M0 6h12", "line"),
    "up": ("M6 1l-5 10h10z", "mark"),
    "down": ("M6 11l-5-10h10z", "mark"),
    "bar": ("M0 1h12v10H0z", "bar"),
}


def _key(style: str, form: str) -> Markup:
    path, kind = FORMS[form]
    return element("svg", element("path", d=path, class_=f"{kind} {style}"), viewBox="0 0 12 12", aria_hidden="true")


def table(
    caption: str, heads: Sequence[str], groups: Sequence[tuple[str, Sequence[Sequence[str]]]], class_: str = ""
) -> Markup:
    """Rows of cells in groups; the first cell heads its row. A group without a title has no line of its own."""
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in heads)))
    bodies = []
    for title, rows in groups:
        lines = [element("tr", element("th", title, scope="rowgroup", colspan=len(heads)))] if title else []
        lines += [
            element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
            for row in rows
        ]
        bodies.append(element("tbody", joined(lines), class_="group"))
    inner = element("table", element("caption", caption), head, *bodies, class_=class_)
    return element("div", inner, class_="panel scroll", tabindex="0", role="region", aria_label=caption)
