"""Of the positions of before, the last ones are kept, and ever fewer of the older ones."""

from itertools import pairwise

from history.writing.checkpoints import ALL_OF_LAST, THINNED_AFTER, surplus


def test_the_last_ones_are_all_kept() -> None:
    newest_first = list(range(5_000, 0, -1))
    dropped = set(surplus(newest_first))
    assert not dropped & set(newest_first[:ALL_OF_LAST])


def test_the_distance_between_older_ones_grows() -> None:
    """Each is at least a tenth further back than the next newer one."""
    newest_first = list(range(1_000_000, 0, -7))
    dropped = set(surplus(newest_first))
    back = [1_000_000 - each for each in newest_first if each not in dropped][ALL_OF_LAST - 1 : -1]
    assert all(10 * further >= 11 * nearer for nearer, further in pairwise(back))
    assert back[-1] > 900_000
    assert len(back) < 60


def test_thinned_out_again_and_again_they_stay_few() -> None:
    kept: list[int] = []
    for sequence in range(0, 3_000_000, 100):
        kept.insert(0, sequence)
        if len(kept) > THINNED_AFTER:
            dropped = set(surplus(kept))
            kept = [each for each in kept if each not in dropped]
            assert len(kept) < ALL_OF_LAST + 100
    assert min(kept) == 0


def test_few_are_all_kept() -> None:
    assert surplus([]) == []
    assert surplus(list(range(ALL_OF_LAST, 0, -1))) == []
