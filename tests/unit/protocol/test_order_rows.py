"""The tables of order types and terms are whole, and what lists the same things elsewhere agrees with them."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec import structs

from protocol.commands import NO_TERMS, OrderTerms
from protocol.order_types import OF_ALL_TYPES, ORDER_TYPES, STEPPED_TERMS, TERMS
from protocol.saved_book import SavedOrder
from protocol.units import OrderType, Refusal

FORM = Path(__file__).parents[3] / "gateway" / "static" / "terminal" / "ticket" / "order_types.js"


def test_every_order_type_has_a_row_in_the_order_of_their_numbers() -> None:
    assert list(ORDER_TYPES) == list(OrderType)


def test_every_field_of_the_terms_has_a_row() -> None:
    assert list(TERMS) == [field.name for field in structs.fields(OrderTerms)]


def test_a_term_that_is_not_asked_for_counts_as_none() -> None:
    asked = {name for name in TERMS.keys() - OF_ALL_TYPES if getattr(NO_TERMS, name)}
    assert asked == set()


def test_every_row_names_terms_that_there_are() -> None:
    for row in ORDER_TYPES.values():
        assert row.terms <= TERMS.keys(), row


def test_every_term_that_some_type_does_not_take_has_its_refusal() -> None:
    for name, term in TERMS.items():
        if not all(row.takes(name) for row in ORDER_TYPES.values()):
            assert term.not_allowed in Refusal
    for term in STEPPED_TERMS:
        assert (term.off_step in Refusal, term.too_large in Refusal) == (True, True)


def test_a_saved_order_holds_every_term_of_an_order_that_rests_or_waits() -> None:
    kept = {name for row in ORDER_TYPES.values() if row.rests or row.waits.name != "NO" for name in row.terms}
    assert kept <= {field.name for field in structs.fields(SavedOrder)}


@pytest.mark.skipif(shutil.which("node") is None, reason="reads the form's table with node")
def test_the_form_of_the_dashboard_lists_the_fields_of_each_type_by_node() -> None:
    script = f'import("{FORM}").then((module) => console.log(JSON.stringify(module.ORDER_TYPES)))'
    told = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout
    form = {name: _flat(row["fields"]) for name, row in json.loads(told).items() if name != "oco"}
    assert form == {row.order_type.name.lower(): _fields(row.order_type) for row in ORDER_TYPES.values()}


def test_the_form_of_the_dashboard_lists_the_fields_of_each_type() -> None:
    text = FORM.read_text(encoding="utf-8")
    table = text[text.index("export const ORDER_TYPES") :]
    for name, fields in re.findall(r"^const (\w+) = \[(.*?)\];$", text, re.MULTILINE):
        table = table.replace(f"...{name}", fields)
    found = re.findall(r"^  (\w+): \{\n.*?fields: \[(.*?)\],\n", table, re.MULTILINE | re.DOTALL)
    form = {name: {*re.findall(r'"(\w+)"', fields)} for name, fields in found}
    del form["oco"]
    assert form == {row.order_type.name.lower(): _fields(row.order_type) for row in ORDER_TYPES.values()}


def _fields(order_type: OrderType) -> set[str]:
    row = ORDER_TYPES[order_type]
    fields = {"quantity", "client_order_id", *OF_ALL_TYPES, *row.terms}
    return fields | ({"price"} if row.price else set()) | ({"trigger_price"} if row.trigger_price else set())


def _flat(fields: list[str | list[str]]) -> set[str]:
    return {name for entry in fields for name in ([entry] if isinstance(entry, str) else entry)}
