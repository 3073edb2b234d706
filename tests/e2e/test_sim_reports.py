"""Reports of simulations in a browser: they fit a phone, keep their own policy and follow the reader's colours."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matching_exchange.sim import sweep
from tests.e2e.dashboard import chromium, needs_chromium
from tests.sim_builds import DURATION, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a report and of a sweep's report."""
    directory = tmp_path_factory.mktemp("reports")
    pages = {name: directory / f"{name}.html" for name in ("run", "sweep")}
    build(1).run(DURATION).report(pages["run"])
    sweep(build, duration=DURATION, seeds=range(3), parameters={"half_spread": [5, 15]}, workers=1).report(
        pages["sweep"]
    )
    return pages


@pytest.mark.parametrize("name", ["run", "sweep"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_a_report_is_shown_as_it_is_meant(
    browser: "Browser", pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    told: list[str] = []
    asked: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as profile:  # type: ignore[arg-type]
        page = profile.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name].as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # The policy lets the page's own style through, and nothing else was asked for or refused.
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == {"light": "rgb(244, 242, 237)", "dark": "rgb(11, 14, 18)"}[scheme]
        assert page.get_by_role("img").count() > 5
        assert all(
            page.get_by_role("img").evaluate_all(
                "charts => charts.map(chart => chart.getBoundingClientRect().height > 50)"
            )
        )
    assert told == []
    assert asked == [pages[name].as_uri()]
