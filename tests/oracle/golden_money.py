"""What a golden journal holds of money and keys: commands by a seed, refused and repeated ones among them."""

from random import Random

from protocol.commands import (
    CloseLedger,
    Command,
    Deposit,
    NoteKeyUse,
    ResetAccount,
    RevokeKey,
    SetKey,
    Transfer,
    Withdraw,
)
from protocol.keys import Key, KeyType, Permission

ASSETS = ("USDT", "USDT", "USDT", "BTC", "ETH", "NEW", "NONE")
AMOUNTS = ("100000", "2500.5", "3", "0.00000000001", "40", "0", "7e2")
MINUTE = 60_000_000_000


class MoneyMaker:
    """Draws commands for some accounts. Few ids, so that some repeat and some conflict."""

    def __init__(self, random: Random, accounts: tuple[str, ...]) -> None:
        self._random = random
        self._accounts = accounts
        self._sent: list[Command] = []

    def beginning(self, accounts: tuple[str, ...]) -> list[Command]:
        """Give each account a ledger before it has orders."""
        return [
            Deposit(account, asset, "40000", f"begin-{asset}")
            for account in accounts
            for asset in ("USDT", "BTC", "NEW")
        ]

    def money(self) -> Command:
        random = self._random
        if self._sent and random.random() < 0.2:
            return random.choice(self._sent[-12:])
        account, to = random.choice(self._accounts), random.choice(self._accounts)
        asset, amount, transfer_id = random.choice(ASSETS), random.choice(AMOUNTS), f"t-{random.randint(1, 60)}"
        balances = {"USDT": random.choice(("5000", "300000")), "BTC": random.choice(("0", "2"))}
        drawn: tuple[Command, ...] = (
            Deposit(account, asset, amount, transfer_id),
            Withdraw(account, asset, amount, transfer_id),
            Transfer(account, to, asset, amount, transfer_id),
            ResetAccount(account, balances, transfer_id),
            CloseLedger(account),
        )
        self._sent.append(random.choices(drawn, (8, 3, 3, 2, 1))[0])
        return self._sent[-1]

    def key(self, time: int) -> Command:
        random = self._random
        key = "k" * 63 + random.choice("abc")
        drawn: tuple[Command, ...] = (
            SetKey(self.any_key(key, time)),
            NoteKeyUse(key),
            RevokeKey(key),
        )
        return random.choices(drawn, (5, 3, 2))[0]

    def any_key(self, key: str, time: int) -> Key:
        random = self._random
        return Key(
            key,
            random.choice(self._accounts),
            KeyType.HMAC,
            label=random.choice(("", "bot")),
            permissions=random.choice((7, Permission.USER_DATA)),
            addresses=random.choice(([], ["127.0.0.0/8"])),
            expires=random.choice((0, time + MINUTE)),
            generation=random.randint(0, 2),
            check="c",
        )
