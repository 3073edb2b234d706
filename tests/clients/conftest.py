"""One exchange for the sessions of each client."""

from collections.abc import Iterator

import pytest

from tests.clients.running import TradingPlace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TradingPlace]:
    with TradingPlace(tmp_path_factory.mktemp("clients")) as place:
        yield place
