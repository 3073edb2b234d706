"""The rows of the table of `operations` that are about the demo market."""

from typing import Final

from gateway.access.needs import ADMIN, PUBLIC
from gateway.native.calls import demo
from gateway.native.json import demo_schemas
from gateway.native.operation import Operation

DEMO_OPERATIONS: Final = (
    Operation(
        PUBLIC,
        "get",
        "/demo",
        demo.show,
        "The demo market beside this exchange, if one runs",
        demo_schemas.DemoView,
        (422,),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/demo",
        demo.steer,
        "Pause the demo market, set its speed, or jump in its recording",
        demo_schemas.DemoView,
        (403, 404, 413, 422, 504),
        body=demo_schemas.DemoRequest,
        example={"paused": True},
    ),
)
