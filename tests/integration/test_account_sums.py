"""The list of accounts with the sums over all, made by a child of a real matcher."""

from protocol.client import CommandClient
from protocol.commands import AccountsQuery, Command, Deposit, PlaceOrder, SetInstrument
from protocol.events import AccountList, CommandRefused
from protocol.units import OrderType, Side
from tests.exchange import Matcher

SYMBOL = "ORE-CASH"


def done(client: CommandClient, *commands: Command) -> None:
    for command in commands:
        assert not isinstance(client.command(command), CommandRefused), command


def accounts(client: CommandClient, after: str, limit: int) -> AccountList:
    result = client.query(AccountsQuery(after, limit)).result
    assert isinstance(result, AccountList), result
    return result


def test_pages_of_accounts_and_exact_sums(matcher: Matcher) -> None:
    with matcher.client() as client:
        done(client, SetInstrument(SYMBOL, 0, 0, "ORE", "CASH", 1, 1, 1, 1_000, 1_000, 0, 10, 20))
        names = [f"pupil-{number}" for number in range(5)]
        for name in names:
            done(client, Deposit(name, "CASH", "1000", "in"), Deposit(name, "ORE", "3", "in-2"))
        done(
            client,
            PlaceOrder(SYMBOL, names[0], Side.SELL, OrderType.LIMIT, 2, 100),
            PlaceOrder(SYMBOL, names[1], Side.BUY, OrderType.MARKET, 1),
            PlaceOrder(SYMBOL, names[2], Side.BUY, OrderType.LIMIT, 1, 50),
        )
        pages = [accounts(client, "", 2), accounts(client, names[1], 2), accounts(client, names[3], 2)]
        assert [[each.account for each in page.accounts] for page in pages] == [names[:2], names[2:4], names[4:]]
        assert [page.next for page in pages] == [names[1], names[3], None]
        assert [each.open_orders for page in pages for each in page.accounts] == [1, 0, 1, 0, 0]
        assert {(each.asset, each.free, each.locked) for each in pages[0].accounts[0].balances} == {
            ("CASH", "1099.9", "0"),
            ("ORE", "1", "1"),
        }
        sums = {each.asset: each for each in pages[0].sums}
        cash, ore = sums["CASH"], sums["ORE"]
        assert (cash.accounts, cash.fees, cash.outside, cash.deposited) == ("4999.7", "0.3", "0", "5000")
        assert (ore.accounts, ore.fees, ore.outside, ore.deposited) == ("15", "0", "0", "15")
        assert all(each.exact for each in pages[0].sums)
        assert pages[1].sums == pages[2].sums == pages[0].sums
        assert accounts(client, names[4], 2).accounts == []
