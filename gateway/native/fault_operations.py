"""The rows of the table of `operations` that are about injected faults."""

from typing import Final

from gateway.access.needs import ADMIN
from gateway.native.calls import faults
from gateway.native.json import fault_schemas
from gateway.native.operation import Operation, Parameter

FAULT_OPERATIONS: Final = (
    Operation(
        ADMIN,
        "post",
        "/admin/faults",
        faults.add,
        "Inject a fault into calls, to try what a client makes of it",
        fault_schemas.FaultView,
        (403, 409, 413, 422),
        body=fault_schemas.FaultRequest,
        example={"fault": "outcome_unknown", "moment": "after", "call": "POST /orders", "count": 1},
        status=201,
    ),
    Operation(
        ADMIN,
        "get",
        "/admin/faults",
        faults.list_faults,
        "List the injected faults",
        fault_schemas.FaultViews,
        (403, 422),
    ),
    Operation(
        ADMIN,
        "delete",
        "/admin/faults",
        faults.clear,
        "Remove all injected faults",
        fault_schemas.FaultViews,
        (403, 422),
    ),
    Operation(
        ADMIN,
        "delete",
        "/admin/faults/{fault_id}",
        faults.remove,
        "Remove an injected fault",
        fault_schemas.FaultView,
        (403, 404, 422),
        (
            Parameter(
                "fault_id", {"type": "string", "pattern": "^[0-9]{1,10}$"}, "The fault.", required=True, place="path"
            ),
        ),
    ),
)
