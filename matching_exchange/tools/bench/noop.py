"""python -m matching_exchange.tools.bench.noop: the gateway's own server, with the gateway's settings, in front of a
FastAPI route that does nothing."""

from fastapi import FastAPI, Response

from gateway import __main__ as server
from gateway.config import GatewayConfig
from gateway.http.callers import Limits
from gateway.logs import configure_worker_logs
from gateway.metrics.slots import Slots


def create_noop(_: GatewayConfig, limits: Limits, slots: Slots) -> FastAPI:
    """The application in the place of the gateway's: POST /orders without an order."""
    limits.join()
    slots.join()
    configure_worker_logs()
    app = FastAPI()

    @app.post("/orders")
    async def place() -> Response:
        return Response(b"{}", media_type="application/json")

    return app


if __name__ == "__main__":
    # All else stays the gateway's own.
    setattr(server, "create_worker", create_noop)  # noqa: B010
    server.main()
