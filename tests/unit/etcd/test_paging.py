"""A log is read in pages of about the same size, and a page that does not go on is told."""

import pytest

from matcher.etcd.layout import Layout, Page
from matcher.etcd.paging import FIRST_LIMIT, MAX_LIMIT, PAGE_BYTES, Paging, check_goes_on
from matcher.storage.log import RewoundError, TrimmedError


def page(head: int, *records: int, size: int = 1) -> Page:
    return Page(1, "id", head, [(position, bytes(size)) for position in records])


@pytest.mark.parametrize(("size", "limit"), [(10, MAX_LIMIT), (PAGE_BYTES // 50, 50), (1_000_000, 2), (3_000_000, 1)])
def test_a_page_asks_for_about_the_same_bytes(size: int, limit: int) -> None:
    paging = Paging()
    assert paging.limit == FIRST_LIMIT
    paging.note(page(9, 1, 2, size=size))
    assert paging.limit == limit
    paging.note(page(9))
    assert paging.limit == limit


def test_a_page_that_does_not_come_in_time_is_asked_for_in_smaller_ones() -> None:
    paging = Paging()
    for _ in range(9):
        paging.failed()
    assert paging.limit == 1


def test_a_page_goes_on_behind_what_was_read() -> None:
    for good in (page(5, 4, 5), page(9, 4), page(3)):
        check_goes_on(good, 3)
    with pytest.raises(RewoundError, match="ends at position 2, and was read up to 3"):
        check_goes_on(page(2), 3)
    with pytest.raises(TrimmedError, match="it begins at 5"):
        check_goes_on(page(5, 5), 3)


def test_keys_stand_in_the_order_of_positions() -> None:
    layout = Layout("name")
    keys = [layout.record(position) for position in (1, 9, 10, 99, 10**19)]
    assert keys == sorted(keys)
    assert [layout.position(key) for key in keys] == [1, 9, 10, 99, 10**19]
    assert all(layout.records < key < layout.records_end for key in keys)
    assert not layout.records <= layout.head < layout.records_end
