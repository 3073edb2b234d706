"""Takes a picture of each state of the pages, and a moving one of the terminal."""

import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from matching_exchange.tools.processes import free_ports
from tests.e2e.dashboard import CHROMIUM, chromium
from tests.exchange import PATIENCE, Exchange, wait_until
from tests.pictures.moving import moving_picture
from tests.pictures.states import DEMO, DESK, EMPTY, OUTAGE, OWN, Picture, trade_as_alice

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

SETTLED: Final = 4_000
"""Milliseconds until a page shows all that it loads."""

FRAMES: Final = 10
FRAME_MILLISECONDS: Final = 600
MOVING_SIZE: Final = (1100, 640)


def main() -> None:
    parser = ArgumentParser("pictures", description=__doc__)
    parser.add_argument("directory", type=Path, help="where the pictures go")
    parser.add_argument("--seconds", type=int, default=90, help="how long the demo trades before (default: 90)")
    options = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("pictures: chromium is needed, and was not found")
    options.directory.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as scratch:
        with Exchange(Path(scratch)) as exchange:
            take(browser, exchange.url, EMPTY, options.directory)
            with browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}) as context:
                page = context.new_page()
                page.goto(exchange.url + OUTAGE[0].path)
                page.wait_for_timeout(SETTLED)
                exchange.matcher.close()
                page.wait_for_timeout(2 * SETTLED)
                save(page.screenshot(), options.directory / f"{OUTAGE[0].name}.png")
        with demo(Path(scratch) / "demo", options.seconds) as url:
            trade_as_alice(url)
            take(browser, url, DEMO, options.directory)
            film(browser, url, options.directory / "terminal.png")


def take(browser: "Browser", url: str, pictures: tuple[Picture, ...], directory: Path) -> None:
    for picture in pictures:
        width, height = picture.size
        viewport: ViewportSize = {"width": width, "height": height}
        with browser.new_context(viewport=viewport, color_scheme=picture.scheme) as context:
            page = context.new_page()
            page.goto(url + picture.path)
            page.wait_for_timeout(SETTLED)
            if picture.act is not None:
                picture.act(page)
                page.wait_for_timeout(SETTLED // 2)
            save(page.screenshot(), directory / f"{picture.name}.png")


def film(browser: "Browser", url: str, path: Path) -> None:
    width, height = MOVING_SIZE
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(url + OWN)
        page.wait_for_timeout(SETTLED)
        frames = []
        for _ in range(FRAMES):
            frames.append(page.screenshot())
            page.wait_for_timeout(FRAME_MILLISECONDS)
        save(moving_picture(frames, FRAME_MILLISECONDS), path)


def save(picture: bytes, path: Path) -> None:
    path.write_bytes(picture)
    print(f"{path}: {len(picture) // 1024} KiB", flush=True)


@contextmanager
def demo(directory: Path, seconds: int) -> Iterator[str]:
    """A whole exchange with the demo market that has traded for so long; its URL."""
    port = free_ports(1)[0]
    command = [
        sys.executable,
        "-m",
        "matching_exchange.tools.run",
        "--demo",
        f"--ports={port}",
        f"--data-dir={directory}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/health", trust_env=False, timeout=PATIENCE).status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_until(answers, "an exchange that answers")
            time.sleep(seconds)
            yield url
        finally:
            process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
