"""Transfers that are remembered: so many, and the oldest goes first."""

from matcher.core.transfers import REMEMBERED_TRANSFERS, Remembered, Transfers


def test_oldest_goes_first() -> None:
    transfers = Transfers(most=3)
    for number in range(5):
        transfers.remember(Remembered("ann", f"t{number}", "deposit USD 1", number, number))
    assert [transfer.transfer_id for transfer in transfers] == ["t2", "t3", "t4"]
    assert len(transfers) == 3
    assert transfers.get("ann", "t1") is None
    known = transfers.get("ann", "t2")
    assert known is not None
    assert known.row() == ("ann", "t2", "deposit USD 1", 2, 2)
    assert transfers.get("bob", "t2") is None


def test_id_that_was_forgotten_is_new_again() -> None:
    transfers = Transfers(most=2)
    for number, transfer_id in enumerate(("a", "b", "c", "a")):
        transfers.remember(Remembered("ann", transfer_id, "", number, 0))
    known = transfers.get("ann", "a")
    assert known is not None
    assert known.sequence == 3
    assert [transfer.transfer_id for transfer in transfers] == ["c", "a"]


def test_a_million_are_remembered() -> None:
    """As docs/money.md says."""
    assert REMEMBERED_TRANSFERS == 1_000_000
    transfers = Transfers()
    for number in range(REMEMBERED_TRANSFERS + 1):
        transfers.remember(Remembered("ann", str(number), "", number, 0))
    assert len(transfers) == REMEMBERED_TRANSFERS
    assert transfers.get("ann", "0") is None
    assert transfers.get("ann", "1") is not None
