"""Calls of the exchange itself: health, save and load a book, the digest of the state."""

import asyncio
import time

from msgspec import UNSET, UnsetType
from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.exchange.history import HistoryStatus
from gateway.exchange.maintenance import HEALTH_SECONDS, ShardStatus, Status
from gateway.http.bounds import RETRY_AFTER_SECONDS
from gateway.http.resources import read_body
from gateway.http.responses import JSON, NO_STORE, HttpResponse, encode, json_response
from gateway.link.errors import MatcherUnavailableError
from gateway.link.group import Group, Node
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.parameters import query_parameters, required
from gateway.native.json.health_schemas import (
    GroupHealth,
    Health,
    HistoryHealth,
    NodeHealth,
    ShardHealth,
    Unhealthy,
)
from gateway.native.json.maintenance_schemas import (
    DigestView,
    LoadedBookView,
    LoadRequest,
    SavedBookView,
    SessionView,
    SessionViews,
    ShardDigestView,
)
from gateway.native.json.times import MILLISECOND, NANOSECONDS, format_timestamp
from matching_exchange.process.version import VERSION

_read_load = body_decoder(LoadRequest)


async def health(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    """200 when the matcher has answered in time, and takes commands."""
    query_parameters(scope)
    try:
        statuses, history = await asyncio.gather(
            exchange.maintenance.statuses(), exchange.history.status(HEALTH_SECONDS)
        )
    except MatcherUnavailableError:
        return _unhealthy(exchange, f"The matcher does not answer within {HEALTH_SECONDS} seconds.")
    up = [each.status for each in statuses if each.status is not None and each.status.takes_commands]
    if not up:
        return _unhealthy(exchange, "The matcher has started again and takes no commands yet.")
    status = up[0]
    matcher = status.matcher
    return json_response(
        Health(
            matcher.sync,
            sum(each.sequence for each in up),
            sum(each.matcher.open_orders for each in up),
            matcher.uptime // NANOSECONDS,
            sum(each.matcher.refused_frames for each in up),
            str(matcher.epoch),
            status.clock_difference // MILLISECOND,
            VERSION,
            matcher.core,
            dict(exchange.money.faucet),
            _auth(exchange),
            _history(history),
            None if exchange.faults is None else len(exchange.faults),
            _groups(exchange),
            _shards(exchange, statuses),
        )
    )


async def save(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    symbol = required(query_parameters(scope, "symbol"), "symbol")
    answer = await exchange.maintenance.save(symbol)
    saved = answer.value
    return json_response(
        SavedBookView(saved.symbol, saved.file, saved.orders, answer.sequence, format_timestamp(answer.timestamp))
    )


async def load(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    symbol = required(query_parameters(scope, "symbol"), "symbol")
    body = await read_body(receive)
    request = _read_load(body) if body else LoadRequest()
    answer = await exchange.maintenance.load(symbol, request.book, new_order_ids=request.new_order_ids)
    loaded = answer.value
    skipped = [str(order_id) for order_id in loaded.skipped]
    timestamp = format_timestamp(answer.timestamp)
    return json_response(LoadedBookView(loaded.symbol, loaded.restored, skipped, answer.sequence, timestamp))


async def digest(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    query_parameters(scope)
    answers = await exchange.maintenance.digests()
    if len(answers) > 1:
        shards = [ShardDigestView(name, answer.sequence, answer.value.digest) for name, answer in answers]
        return json_response(DigestView(shards=shards))
    answer = answers[0][1]
    return json_response(DigestView(answer.sequence, answer.value.digest))


async def sessions(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    query_parameters(scope)
    answers = await exchange.maintenance.sessions()
    views = [
        SessionView(f"{each.session:016x}", each.taken, each.kept, name if len(answers) > 1 else UNSET)
        for name, answer in answers
        for each in answer.value.sessions
    ]
    sequence, timestamp = sum(answer.sequence for _, answer in answers), max(answer.timestamp for _, answer in answers)
    return json_response(SessionViews(sequence, format_timestamp(timestamp), views))


def _auth(exchange: Exchange) -> str:
    return "keys" if exchange.asks_for_keys else "off"


def _history(status: HistoryStatus) -> HistoryHealth:
    if status.filled is None or status.since is None:
        return HistoryHealth("unavailable" if status.configured else "off", status.reason or None)
    return HistoryHealth(
        "ok", None, status.filled.sequence, status.lag, status.lag_time // NANOSECONDS, status.since.sequence
    )


def _unhealthy(exchange: Exchange, detail: str) -> HttpResponse:
    body = encode(Unhealthy(detail, _auth(exchange), _groups(exchange)))
    return HttpResponse(503, body, JSON, NO_STORE, (b"retry-after", b"%d" % RETRY_AFTER_SECONDS))


def _groups(exchange: Exchange) -> list[GroupHealth] | UnsetType:
    now = time.monotonic()
    return [_group(group, now) for group in exchange.groups if group.is_replicated] or UNSET


def _shards(exchange: Exchange, statuses: list[ShardStatus]) -> list[ShardHealth] | UnsetType:
    if not any(each.shard for each in statuses):
        return UNSET
    now = time.monotonic()
    warnings = {group.name: group.warnings(now) for group in exchange.groups}
    return [_shard(each.shard, each.status, warnings.get(each.shard, [])) for each in statuses]


def _shard(name: str, status: Status | None, warnings: list[str]) -> ShardHealth:
    if status is None:
        return ShardHealth(name, "unavailable", warnings)
    matcher = status.matcher
    return ShardHealth(
        name,
        "ok" if status.takes_commands else "starting",
        warnings,
        matcher.sync,
        status.sequence,
        matcher.open_orders,
        matcher.uptime // NANOSECONDS,
        matcher.refused_frames,
        str(matcher.epoch),
        status.clock_difference // MILLISECOND,
        matcher.core,
    )


def _group(group: Group, now: float) -> GroupHealth:
    leader = group.leader.told if group.leader is not None and group.leadership.is_heard(now) else None
    return GroupHealth(
        group.log,
        None if leader is None else leader.node,
        str(group.leadership.epoch),
        None if leader is None else leader.position,
        [_node(node, group.role(node, now)) for node in group.nodes],
        group.warnings(now),
        group.name or UNSET,
    )


def _node(node: Node, role: str) -> NodeHealth:
    told = node.told
    if told is None:
        return NodeHealth(node.place, None, role)
    lag, lag_time = (None, None) if node.lag is None else node.lag
    return NodeHealth(
        node.place,
        told.node,
        role,
        str(told.epoch),
        told.position,
        told.sequence,
        lag,
        None if lag_time is None else lag_time // MILLISECOND,
        told.snapshot_position,
    )
