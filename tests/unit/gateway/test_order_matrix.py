"""Which fields each order type takes, as the gateway reads them."""

import pytest

from gateway.native.problems import ProblemError
from protocol.commands import NO_TERMS
from protocol.units import OrderType
from tests.order_matrix import body, cases, each_cell
from tests.unit.gateway.order_bodies import read


@each_cell
def test_each_type_takes_its_fields_and_no_others(order_type: OrderType, name: str) -> None:
    for case in cases(order_type, name):
        if case.refusal is None:
            command = read(body(order_type, case.fields))
            terms = command.terms or NO_TERMS
            assert all(getattr(command if hasattr(command, field) else terms, field) for field in case.fields)
        else:
            with pytest.raises(ProblemError) as caught:
                read(body(order_type, case.fields))
            assert (caught.value.status, caught.value.code, caught.value.field) == (422, case.refusal, case.fault)
