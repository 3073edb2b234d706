"""Messages about money: the commands that move it, their events and answers, and what queries tell of it.

`protocol.commands` and `protocol.events` have all of these names too. Amounts are decimal texts: 63 bits are too few
for them. How many decimals an asset has, and what is locked when, is in docs/money.md. Only append fields and tags.
"""

from enum import IntEnum
from typing import Annotated

from msgspec import Meta, Struct

from protocol.units import MAX_RESET_ASSETS, Count, Name

AssetName = Annotated[str, Meta(min_length=1, max_length=16)]
Amount = Annotated[str, Meta(min_length=1, max_length=64)]


class MovementKind(IntEnum):
    """What moved an account's money."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    TRANSFER = 3
    FILL = 4
    FEE = 5


class Deposit(Struct, frozen=True, array_like=True, tag=15, gc=False):
    """Put money on an account. The first deposit begins its ledger. Answer: TransferState or CommandRefused.

    transfer_id: of a name's form. Sent again with the same values, the command changes nothing.
    """

    account: Name
    asset: AssetName
    amount: Amount
    transfer_id: Name


class Withdraw(Struct, frozen=True, array_like=True, tag=16, gc=False):
    """Take free money off an account. Fields and answer as of Deposit."""

    account: Name
    asset: AssetName
    amount: Amount
    transfer_id: Name


class Transfer(Struct, frozen=True, array_like=True, tag=17, gc=False):
    """Move free money from one account to another one, whose ledger begins with it if it has none.

    The transfer_id is the sender's. Answer: TransferState of the sender, or CommandRefused.
    """

    account: Name
    to: Name
    asset: AssetName
    amount: Amount
    transfer_id: Name


class CloseLedger(Struct, frozen=True, array_like=True, tag=18, gc=False):
    """Withdraw all that an account without orders has, and make it unlimited. Answer: LedgerState or CommandRefused."""

    account: Name


class ResetAccount(Struct, frozen=True, array_like=True, tag=19):
    """Cancel all orders of an account and give it exactly these balances, zero of all others.

    Answer: LedgerState or CommandRefused.
    """

    account: Name
    balances: Annotated[dict[AssetName, Amount], Meta(max_length=MAX_RESET_ASSETS)]
    transfer_id: Name


class MoneyMoved(Struct, frozen=True, array_like=True, tag=16, gc=False):
    """An account's free balance has changed by an amount with a sign, not by a trade.

    counterparty: the other account of a transfer, else None.
    """

    account: str
    kind: MovementKind
    asset: str
    amount: str
    transfer_id: str
    counterparty: str | None = None


class TransferDuplicated(Struct, frozen=True, array_like=True, tag=17, gc=False):
    """The same transfer was made before under this transfer_id. Nothing changed."""

    account: str
    transfer_id: str


class LedgerSet(Struct, frozen=True, array_like=True, tag=20, gc=False):
    """The account has a ledger from now on, a new one after a reset, or has none any more."""

    account: str
    ledger: bool


class AssetBalance(Struct, frozen=True, array_like=True):
    """What an account has of an asset: what new orders may use, and what its orders lock."""

    asset: str
    free: str
    locked: str


class TransferState(Struct, frozen=True, array_like=True, tag=25):
    """Answers Deposit, Withdraw and Transfer.

    free, locked: the account's balance of the asset now.
    duplicate: the same was done before under this transfer_id; the answered command changed nothing.
    sequence, timestamp: the stamp of the command that moved the money.
    """

    account: str
    asset: str
    amount: str
    transfer_id: str
    free: str
    locked: str
    duplicate: bool
    sequence: int
    timestamp: int


class LedgerState(Struct, frozen=True, array_like=True, tag=27):
    """Answers ResetAccount and CloseLedger.

    balances: all assets of all instruments, sorted; empty without a ledger.
    canceled: how many orders the command canceled.
    """

    account: str
    ledger: bool
    balances: list[AssetBalance]
    canceled: int
    duplicate: bool
    sequence: int
    timestamp: int


class BalancesQuery(Struct, frozen=True, array_like=True, tag=11):
    """Ask for an account's balances. Answer: Balances."""

    account: Name


class AccountQuery(Struct, frozen=True, array_like=True, tag=12):
    """Ask for an account's balances, orders and positions. Answer: AccountSummary."""

    account: Name


class MovementsQuery(Struct, frozen=True, array_like=True, tag=13):
    """Ask for an account's last movements of money, oldest first; `asset` None means all.

    `after` is a cursor, a sequence and a trade_id (zero if it was no trade); None asks for the newest.
    Answer: MovementPage or CommandRefused.
    """

    account: Name
    asset: AssetName | None = None
    limit: Count = 100
    after: tuple[Count, Count] | None = None


class AccountsQuery(Struct, frozen=True, array_like=True, tag=15):
    """Ask for the accounts that have a ledger, sorted, after a name, and for the sums of all. Answer: AccountList."""

    after: str = ""
    limit: Count = 100


class Balances(Struct, frozen=True, array_like=True, tag=40):
    """An account's balances of every asset of every instrument, sorted; none without a ledger."""

    account: str
    ledger: bool
    balances: list[AssetBalance]


class PositionState(Struct, frozen=True, array_like=True):
    """What the fills since the ledger began have come to in one instrument. All but the symbol are decimal texts.

    quantity: bought less sold; negative for what was sold without having been bought.
    cost: what the quantity has cost, of its sign.
    realised: the profit of what was closed, fees apart.
    unrealised: quantity x last_price less cost.
    fees_paid: in the quote currency.
    """

    symbol: str
    quantity: str
    cost: str
    realised: str
    unrealised: str
    fees_paid: str
    last_price: str


class Movement(Struct, frozen=True, array_like=True):
    """One change of an account's balance. `amount` has a sign.

    transfer_id: of a deposit, a withdrawal or a transfer; else empty.
    counterparty: the other account of a transfer; else empty.
    symbol, trade_id, order_id: of a fill or a fee; else empty and zero.
    """

    sequence: int
    timestamp: int
    kind: MovementKind
    asset: str
    amount: str
    transfer_id: str = ""
    counterparty: str = ""
    symbol: str = ""
    trade_id: int = 0
    order_id: int = 0


class MovementPage(Struct, frozen=True, array_like=True, tag=42):
    """Movements, oldest first. `next` is the cursor of the next page; None if none is newer."""

    movements: list[Movement]
    next: tuple[int, int] | None


class AccountBalances(Struct, frozen=True, array_like=True):
    """One account of an AccountList, with the assets of which it has something."""

    account: str
    balances: list[AssetBalance]
    open_orders: int


class AssetSum(Struct, frozen=True, array_like=True):
    """What all ledgers have of an asset.

    accounts: free and locked of all accounts.
    fees: what trades have paid in fees.
    outside: what accounts without a ledger have gained from those with one; negative if they have lost.
    deposited: deposits less withdrawals.
    exact: accounts + fees + outside = deposited.
    """

    asset: str
    accounts: str
    fees: str
    outside: str
    deposited: str
    exact: bool


class AccountList(Struct, frozen=True, array_like=True, tag=43):
    """A page of the accounts that have a ledger, sorted, and the sums over all. `next` is None after the last."""

    accounts: list[AccountBalances]
    next: str | None
    sums: list[AssetSum]


class BalancesPart(Struct, frozen=True, array_like=True, tag=3):
    """A part of an account update: the balances that the command has changed, as it left them.

    ledger: whether the account has a ledger. After its end `balances` is empty.
    """

    ledger: bool
    balances: list[AssetBalance]
