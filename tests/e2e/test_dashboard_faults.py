"""The terminal says so where faults may strike."""

from pathlib import Path

from tests.e2e.dashboard import chromium, expect, needs_chromium, opened
from tests.exchange import Exchange

pytestmark = needs_chromium


def test_the_terminal_says_so_where_faults_are_allowed(tmp_path: Path) -> None:
    flags = ("--faults=allow",)
    with (
        Exchange(tmp_path, gateway_flags=flags) as exchange,
        chromium() as browser,
        opened(browser, exchange, "BTC-USDT") as dashboard,
    ):
        notice = dashboard.find("#faults-notice")
        expect(notice).to_contain_text("faults may be injected into calls")
        exchange.http.post("/admin/faults", json={"fault": "unavailable", "call": "GET /nothing"})
        expect(notice).to_contain_text("1 injected fault may strike any call")
