"""Which fields each order type takes, over HTTP; a refused order changes nothing."""

from protocol.units import OrderType
from tests.e2e.problems import assert_problem
from tests.exchange import Exchange
from tests.order_matrix import TAKES, body, cases, each_cell


@each_cell
def test_each_type_takes_its_fields_and_no_others(shared_exchange: Exchange, order_type: OrderType, name: str) -> None:
    for number, case in enumerate(cases(order_type, name)):
        named = {"client_order_id": f"{order_type.name}.{name}.{number}"}
        sent = body(order_type, case.fields) | named
        if case.refusal is None:
            placed = shared_exchange.post("/orders", sent)
            assert placed["status"] != "rejected"
            assert all(placed[field] for field in case.fields)
        else:
            before = shared_exchange.get("/admin/digest")["digest"]
            assert_problem(shared_exchange.http.post("/orders", json=sent), 422, case.refusal, case.fault)
            assert shared_exchange.get("/admin/digest")["digest"] == before
            # The client_order_id was not used up.
            assert "duplicate" not in shared_exchange.post(
                "/orders", body(order_type, TAKES[order_type].needed) | named
            )
