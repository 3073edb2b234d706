"""Reading a log in etcd. What has no answer at once waits for one, except a follower."""

from collections.abc import Iterator
from typing import Final

from matcher.etcd.chain import Chain, crc_of
from matcher.etcd.client import NANOSECONDS, Client
from matcher.etcd.follower import EtcdFollower
from matcher.etcd.layout import Layout, Page, head_of
from matcher.etcd.paging import Paging, check_goes_on
from matcher.storage.log import Logged, Position, TrimmedError

PATIENCE: Final = 5 * NANOSECONDS
"""How long the log may stay away, before LogAwayError says so."""


class EtcdReader:
    """As `LogReader`. LogAwayError where no server answers for PATIENCE.

    address: the setting, without secrets.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._layout = Layout(client.address.name)
        self._id = ""
        self.address = str(client.address)

    @property
    def id(self) -> str:
        """As `LogReader.id`. Waits while it is not known."""
        if not self._id:
            self._page(1, 1)
        return self._id

    def head(self) -> Position:
        """As `LogReader.head`."""
        return head_of(self._client.ask("range", self._layout.ask_head(), PATIENCE))

    def holds(self, position: Position, crc: int) -> bool:
        """As `LogReader.holds`."""
        if position == 0:
            return crc == 0
        page = self._page(position, 1)
        if page.head < position:
            return False
        if not page.records or page.records[0][0] > position:
            raise TrimmedError(f"position {position} is not in the log any more")
        return crc_of(*page.records[0]) == crc

    def read(self, after: Position) -> Iterator[Logged]:
        """As `LogReader.read`."""
        chain, paging = Chain(after, None), Paging()
        while True:
            page = self._page(chain.position + 1, paging.limit)
            check_goes_on(page, chain.position)
            paging.note(page)
            for position, packed in page.records:
                yield chain.take(position, packed)
            if chain.position >= page.head:
                return

    def follow(self, after: Position, crc: int | None = None) -> EtcdFollower:
        """As `LogReader.follow`."""
        return EtcdFollower(self._client, after, crc, self._learn)

    def close(self) -> None:
        """Drop the connections. Followers are closed before."""
        self._client.close()

    def _page(self, first: Position, limit: int) -> Page:
        page = self._layout.page(self._client.ask("transaction", self._layout.ask_page(first, limit), PATIENCE))
        self._learn(page.id)
        return page

    def _learn(self, log_id: str) -> None:
        self._id = self._id or log_id
