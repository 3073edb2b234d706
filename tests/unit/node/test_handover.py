"""`python -m matcher.handover` refuses what it cannot do with one line."""

import pytest

from matcher.handover import main

PEERS = {"MATCHER_PEERS": "127.0.0.1:5555,127.0.0.1:5565"}


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["32"], PEERS, "handover: NODE: '32': takes a whole number from 0 to 31"),
        (["one"], PEERS, "handover: NODE: 'one': takes a whole number from 0 to 31"),
        (["1"], {}, "handover: MATCHER_PEERS: takes 1 to 32 base addresses"),
        (["1"], {"MATCHER_PEERS": "5555"}, "handover: MATCHER_PEERS: '5555': takes 1 to 32 base addresses"),
    ],
)
def test_bad_argument_or_setting_ends_with_one_line(
    arguments: list[str], environment: dict[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, environment)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(told)
    assert error.count("\n") == 1
