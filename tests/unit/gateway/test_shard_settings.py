"""Each shard has a history of its own: where a gateway finds them."""

from pathlib import Path

import pytest

from gateway.config import read_config
from history.schema.database import read_database

MAP = """
[[shard]]
name = "majors"
matchers = ["127.0.0.1:21000"]
symbols = ["BTC-USDT"]
[[shard]]
name = "rest"
matchers = ["127.0.0.1:21004"]
default = true
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "shards.toml").write_text(MAP)
    return {"GATEWAY_SHARDS": str(tmp_path / "shards.toml")}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"MATCHER_DATA_DIR": "/var/{shard}/data"}, "/var/rest/data/history/history.sqlite"),
        ({"HISTORY_DATABASE": "sqlite:////var/history-{shard}.sqlite"}, "/var/history-rest.sqlite"),
        ({"HISTORY_DATABASE": "postgresql://me:word@db/exchange_{shard}"}, "postgresql://me@db/exchange_rest"),
    ],
)
def test_each_shard_has_its_own_tables(
    environment: dict[str, str], settings: dict[str, str], expected: str | None
) -> None:
    found = read_config([], {**environment, **settings}).history_of("rest")
    assert (None if found is None else found.name) == expected


@pytest.mark.parametrize(
    "settings", [{"MATCHER_DATA_DIR": "/var/data"}, {"HISTORY_DATABASE": "postgresql://me:word@db/exchange"}]
)
def test_shards_do_not_share_tables(
    environment: dict[str, str], settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_config([], {**environment, **settings})
    [line] = capsys.readouterr().err.splitlines()
    assert "HISTORY_DATABASE" in line
    assert "{shard}" in line
    assert "2 shards" in line
    assert "word" not in line


def test_a_database_of_a_shard_keeps_its_password() -> None:
    found = read_database("postgresql://me:word@db:5433/exchange_{shard}").of("rest")
    assert found.url.render_as_string(hide_password=False) == "postgresql+psycopg://me:word@db:5433/exchange_rest"
