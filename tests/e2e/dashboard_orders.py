"""Orders of a dashboard's account that tests place, and edit."""

from typing import TYPE_CHECKING

from tests.e2e.dashboard import Dashboard, expect
from tests.exchange import Json

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def rest(dashboard: Dashboard, side: str, quantity: str, price: str) -> Json:
    """An order of the dashboard's account that was placed elsewhere, once the dashboard shows it."""
    order = dashboard.exchange.place(dashboard.symbol, "limit", side, quantity, price, account=dashboard.account)
    expect(dashboard.own(order)).to_have_count(1)
    return order


def place_oco(dashboard: Dashboard, **fields: str) -> tuple[Json, Json]:
    dashboard.fill("oco", **fields)
    status, answer = dashboard.submit()
    assert status == 200, answer
    limit, stop = answer["orders"]
    expect(dashboard.find("#answer-small")).to_contain_text(f"orders {limit['order_id']} and {stop['order_id']}")
    return limit, stop


def edit(dashboard: Dashboard, order: Json) -> "Locator":
    row = dashboard.own(order)
    row.get_by_role("button", name="Edit").click()
    return row
