"""The administrator's list of accounts: what is asked of the matcher, and what is told."""

from protocol.commands import AccountsQuery
from protocol.events import AccountBalances, AccountList, AssetBalance, AssetSum
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP_TEXT, Gateway

BALANCES = [AssetBalance("BTC", "0.5", "0"), AssetBalance("USDT", "70000", "29.97")]
BALANCE_VIEWS = [
    {"asset": "BTC", "free": "0.5", "locked": "0"},
    {"asset": "USDT", "free": "70000", "locked": "29.97"},
]


def test_accounts_are_listed_with_the_sums_and_their_check() -> None:
    with Gateway() as gateway:
        gateway.broker.results[AccountsQuery] = AccountList(
            [AccountBalances("alice", BALANCES, 4)],
            "alice",
            [AssetSum("USDT", "70029.97", "0.03", "-30", "70000", exact=True)],
        )
        assert gateway.request("GET", "/admin/accounts?limit=1").json == {
            "accounts": [{"account": "alice", "balances": BALANCE_VIEWS, "open_orders": 4}],
            "next": "alice",
            "sums": [
                {
                    "asset": "USDT",
                    "accounts": "70029.97",
                    "fees": "0.03",
                    "outside": "-30",
                    "deposited": "70000",
                    "exact": True,
                }
            ],
            "sequence": SEQUENCE,
            "timestamp": TIMESTAMP_TEXT,
        }
        gateway.request("GET", "/admin/accounts?after=alice")
        assert gateway.broker.queries[-2:] == [AccountsQuery("", 1), AccountsQuery("alice", 100)]
