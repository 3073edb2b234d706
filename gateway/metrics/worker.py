"""What one worker of the gateway tells: of HTTP, of its streams, and of its session with the matcher."""

from gateway.http.counting import HttpCounts
from gateway.link.matcher_link import MatcherLink
from gateway.metrics.nodes import node_families
from matching_exchange.metrics.families import Labels, counters, gauge, gauges, histogram, histograms
from matching_exchange.metrics.own import own_families
from matching_exchange.process.histogram import TIMES
from protocol.metrics import Family

PROCESS = "gateway"


def worker_families(counts: HttpCounts, broker: MatcherLink, worker: str) -> list[Family]:
    """`worker` is its number."""
    commands, queries = broker.in_flight
    waiting: dict[Labels, int] = {("commands",): commands, ("queries",): queries}
    return [
        *own_families(PROCESS, worker=worker),
        counters("exchange_http_requests_total", "Answers.", ("method", "route", "status"), counts.answers),
        histograms(
            "exchange_http_request_duration_seconds",
            "Time from the first byte of a request to the last one of its answer.",
            ("method", "route"),
            counts.times,
            TIMES,
        ),
        gauge("exchange_http_connections", "Connections that are open, WebSockets among them.", counts.connections),
        counters(
            "exchange_websocket_handshakes_total",
            "Requests for a WebSocket; status 101 has opened one.",
            ("route", "status"),
            counts.handshakes,
        ),
        counters("exchange_websocket_closed_total", "WebSockets that ended.", ("route", "code"), counts.closings),
        gauges("exchange_websockets_open", "WebSockets that are open.", ("route",), counts.streams),
        gauge(
            "exchange_websockets_behind", "WebSockets whose client reads more slowly than it is told.", counts.behind
        ),
        gauges(
            "exchange_gateway_matcher_up",
            "Whether the worker hears the matcher.",
            ("worker",),
            {(worker,): int(broker.available)},
        ),
        histogram("exchange_gateway_command_seconds", "Time from a command to its answer.", broker.command_times),
        gauges("exchange_gateway_in_flight", "What waits for the matcher's answer.", ("kind",), waiting),
        *node_families(broker.groups, worker),
    ]
