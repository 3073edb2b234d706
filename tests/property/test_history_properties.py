"""What holds for the rows of a history, whatever the engine is told."""

from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from history.schema.candle_rows import candle_of_row
from history.schema.order_rows import order_of_row
from history.writing.rows import TableRows
from matcher.core.registry import Registry
from matcher.engine import Engine
from matcher.serving.answers import order_state
from matcher.serving.money_queries import movements
from matcher.serving.queries import account_fills, list_orders
from matcher.state import State
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.commands import FillsQuery, MovementsQuery, OrdersQuery, OwnCommand
from protocol.events import FillPage, MovementPage, OrderPage
from protocol.money import Movement, MovementKind
from tests.history_tables import Played, merged
from tests.oracle.commands_strategy import Tape, examples, tapes


def played_at_once(tape: Tape) -> tuple[Played, TableRows]:
    played = Played()
    played.play(tape)
    return played, played.gatherer.take()


Frame = list[tuple[int, int, OwnCommand]]


def frames_of(tape: Tape, sizes: list[int]) -> list[Frame]:
    """The tape in frames of at most so many commands, each of one time."""
    frames: list[Frame] = []
    rest = list(tape)
    for size in sizes:
        if rest:
            frames.append([each for each in rest[:size] if each[1] == rest[0][1]])
            rest = rest[len(frames[-1]) :]
    return [*frames, *([each] for each in rest)]


@examples
@given(tapes, st.lists(st.integers(1, 5), max_size=30), st.sets(st.integers(0, 60), max_size=8))
def test_rows_do_not_depend_on_batches(tape: Tape, sizes: list[int], cuts: set[int]) -> None:
    whole, in_parts, parts = Played(), Played(), []
    for number, frame in enumerate(frames_of(tape, sizes)):
        sequence, time, _ = frame[0]
        for played in (whole, in_parts):
            played.record(sequence, time, [command for _, _, command in frame])
        if number in cuts:
            parts.append(in_parts.gatherer.take())
    parts.append(in_parts.gatherer.take())
    assert merged(parts) == merged([whole.gatherer.take()])


@examples
@given(tapes)
def test_orders_are_told_and_numbered_as_the_engine_does(tape: Tape) -> None:
    """Each, when it ends, is the order that the engine tells. In the end the lists are the engine's."""
    played = Played()
    registry = played.state.registry
    rows = []
    for step in tape:
        played.play([step])
        for row in played.gatherer.take().orders:
            rows.append(row)
            order = registry.orders[row[2]]
            assert order_of_row(row) == order_state(order, [])
            assert row[17] == step[0] and row[18] == step[1]
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    for symbol in (None, *registry.books):
        mine = [row for row in rows if symbol in (None, row[4])]
        if symbol is not None:
            assert [row[1] for row in mine] == list(range(1, len(mine) + 1))
        assert [(row[1 if symbol else 0], row[2]) for row in reversed(mine)] == done_numbers(registry, symbol)


def done_numbers(registry: Registry, symbol: str | None) -> list[tuple[int, int]]:
    """The number and the order_id of each done order, newest first, as the matcher's own list pages through them."""
    found: list[tuple[int, int]] = []
    after = 0
    while True:
        page = list_orders(registry, OrdersQuery(symbol=symbol, done=True, after=after, limit=1))
        assert isinstance(page, OrderPage)
        if not page.orders:
            return found
        number = page.next if page.next is not None else 1
        found.append((number, page.orders[0].order_id))
        if page.next is None:
            return found
        after = page.next


@examples
@given(tapes)
def test_trades_and_fills_are_those_that_the_engine_remembers(tape: Tape) -> None:
    played, rows = played_at_once(tape)
    registry = played.state.registry
    for symbol, book in registry.books.items():
        told = [
            (trade.trade_id, trade.timestamp, trade.price, trade.quantity, trade.maker_order_id, trade.taker_order_id)
            for trade in book.trades
        ]
        assert [(*row[1:5], *row[6:8]) for row in rows.trades if row[0] == symbol] == told
    for name in registry.accounts:
        page = account_fills(registry, FillsQuery(name, limit=1_000))
        assert isinstance(page, FillPage)
        told_fills = {
            (fill.trade.sequence, fill.trade.trade_id, int(fill.maker), fill.trade.symbol, fill.order_id)
            for fill in page.fills
        }
        assert {row[1:] for row in rows.fills if row[0] == name} == told_fills
    assert len(rows.fills) == 2 * len(rows.trades)
    for row in rows.trades:
        maker, taker = registry.orders[row[6]].account.name, registry.orders[row[7]].account.name
        assert row[8:10] == (maker, taker)


@examples
@given(tapes)
def test_the_last_balance_is_the_engines_at_every_moment(tape: Tape) -> None:
    """Free and locked together, of every account and asset. Each balance is that before it and its amount."""
    played = Played()
    registry = played.state.registry
    last: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for step in tape:
        played.play([step])
        for account, _, _, time, _, asset, amount, balance, *_ in played.gatherer.take().movements:
            last[account, asset] += Fraction(amount)
            assert last[account, asset] == Fraction(balance)
            assert time == step[1]
        for name, account in registry.accounts.items():
            for asset in registry.assets.values():
                now = 0
                if account.ledger is not None:
                    held = account.ledger.balance(asset)
                    now = held.free + held.locked
                assert last[name, asset.name] * 10**asset.decimals == now


@examples
@given(tapes)
def test_movements_are_those_that_the_engine_remembers(tape: Tape) -> None:
    """Of every ledger since it began, but those of fills: a ledger that begins anew tells none of before."""
    played, rows = played_at_once(tape)
    registry = played.state.registry
    for name, account in registry.accounts.items():
        if account.ledger is None:
            continue
        page = movements(registry, MovementsQuery(name, limit=1_000))
        assert isinstance(page, MovementPage)
        since = account.ledger.since
        mine = [movement_of(row) for row in rows.movements if row[0] == name and row[1] > since]
        assert mine == [each for each in page.movements if each.sequence > since]


def movement_of(row: tuple[Any, ...]) -> Movement:
    _, sequence, _, time, kind, asset, amount, _, transfer_id, counterparty, symbol, trade_id, order_id = row
    return Movement(
        sequence,
        time,
        MovementKind(kind),
        asset,
        amount,
        transfer_id or "",
        counterparty or "",
        symbol or "",
        trade_id or 0,
        order_id or 0,
    )


@examples
@given(tapes, st.integers(0, 50))
def test_going_on_from_a_snapshot_gives_the_same_rows(tape: Tape, cut: int) -> None:
    """The open candles come from the tables."""
    _, whole = played_at_once(tape)
    played = Played()
    played.play(tape[:cut])
    first = played.gatherer.take()
    last = {row[:2]: row for row in first.candles}
    with TemporaryDirectory() as name:
        state = read_snapshot(write_snapshot(Path(name), played.state, "journal", 12345))[1]
    again = Played(state, [(*key, candle_of_row(row)) for key, row in last.items()])
    again.play(tape[cut:])
    assert merged([first, again.gatherer.take()]) == merged([whole])


@examples
@given(tapes, st.integers(0, 6))
def test_orders_that_the_engine_forgets_soon_are_all_told(tape: Tape, remembered: int) -> None:
    """Each order that has entered and ended has one row, with the account that it had."""
    played = Played(State(Engine(remembered)))
    registry = played.state.registry
    rows, owners = [], {}
    for step in tape:
        played.play([step])
        owners.update({order.order_id: order.account.name for order in registry.orders})
        rows += played.gatherer.take().orders
    live = {order.order_id for book in registry.books.values() for order in book.live_orders()}
    assert sorted(row[2] for row in rows) == sorted(owners.keys() - live)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert all(owners[row[2]] == row[3] for row in rows)
