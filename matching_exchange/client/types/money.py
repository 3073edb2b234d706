"""Balances, movements and positions. Amounts are exact Decimals of any size."""

from decimal import Decimal

from msgspec import Struct

from matching_exchange.client.times import Time
from matching_exchange.client.types.orders import Order
from matching_exchange.client.types.words import MovementKind


class Balance(Struct, frozen=True):
    """What an account has of an asset: what new orders may use, and what its orders lock."""

    asset: str
    free: Decimal
    locked: Decimal


class ShardBalances(Struct, frozen=True):
    """What an account has in one shard, as of that shard's `sequence`."""

    shard: str
    ledger: bool
    sequence: int
    timestamp: Time
    balances: tuple[Balance, ...]


class Balances(Struct, frozen=True):
    """Every asset of every instrument, sorted, as of `sequence`. Without a ledger the account is unlimited, and this is
    empty.

    shards: where the exchange has several: what is in each. `balances` is the sum then, `ledger` tells whether any has
        one, `sequence` and `timestamp` are those of the first.
    """

    account: str
    ledger: bool
    sequence: int
    timestamp: Time
    balances: tuple[Balance, ...]
    shards: tuple[ShardBalances, ...] = ()


class Total(Struct, frozen=True):
    """What an account had of an asset, free and locked together."""

    asset: str
    total: Decimal


class BalancesAt(Struct, frozen=True):
    """What the account had at the time `at`, of each asset that it had ever had, sorted."""

    account: str
    at: Time
    balances: tuple[Total, ...]


class Faucet(Struct, frozen=True):
    """The account's balances after it. `duplicate`: it has had all of it before, this UTC day."""

    account: str
    ledger: bool
    sequence: int
    timestamp: Time
    balances: tuple[Balance, ...]
    duplicate: bool


class Transfer(Struct, frozen=True):
    """What was moved, and the account's balance of the asset now.

    duplicate: the same was done before under this transfer_id; this call changed nothing.
    sequence, timestamp: of the command that moved the money.
    """

    account: str
    asset: str
    amount: Decimal
    transfer_id: str
    free: Decimal
    locked: Decimal
    duplicate: bool
    sequence: int
    timestamp: Time


class ShardTransfer(Struct, frozen=True):
    """What was moved from one shard to another, and the account's balance of the asset in both, now.

    duplicate: all of it was done before under this transfer_id; this call changed nothing.
    """

    account: str
    asset: str
    amount: Decimal
    transfer_id: str
    from_shard: str
    to_shard: str
    withdrawn: Transfer
    deposited: Transfer
    duplicate: bool


class Ledger(Struct, frozen=True):
    """The account after a reset, or after its ledger was closed. `canceled` counts the orders that this canceled."""

    account: str
    ledger: bool
    balances: tuple[Balance, ...]
    canceled: int
    duplicate: bool
    sequence: int
    timestamp: Time


class Position(Struct, frozen=True):
    """What the fills since the ledger began have come to in one instrument. Deposits do not count.

    quantity: bought less sold; negative if more was sold.
    average_price: cost / quantity, exact or 12 significant digits; None for a quantity of zero.
    cost: what the quantity has cost, with its sign.
    realised: the profit of what was closed, without fees.
    unrealised: quantity x last_price less cost.
    fees_paid: in the quote currency.
    """

    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    cost: Decimal
    realised: Decimal
    unrealised: Decimal
    fees_paid: Decimal
    last_price: Decimal


class AccountSummary(Struct, frozen=True):
    """The account as of `sequence`. `open_orders` holds its oldest open and pending orders, without their trades;
    `more_open_orders` is true if there are others."""

    account: str
    ledger: bool
    sequence: int
    timestamp: Time
    balances: tuple[Balance, ...]
    open_orders: tuple[Order, ...]
    more_open_orders: bool
    positions: tuple[Position, ...]


class Movement(Struct, frozen=True):
    """One change of a balance. `amount` is negative for what went away.

    transfer_id: of a deposit, a withdrawal or a transfer, else None.
    counterparty: the other account of a transfer, else None.
    symbol, trade_id, order_id: of a fill or a fee, else None.
    """

    sequence: int
    timestamp: Time
    kind: MovementKind
    asset: str
    amount: Decimal
    transfer_id: str | None
    counterparty: str | None
    symbol: str | None
    trade_id: int | None
    order_id: int | None


class MovementList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following movements; None if none is newer."""

    movements: tuple[Movement, ...]
    next: str | None


class AccountBalances(Struct, frozen=True):
    """One account, with the assets of which it has something."""

    account: str
    balances: tuple[Balance, ...]
    open_orders: int


class AssetSum(Struct, frozen=True):
    """What all ledgers have of an asset.

    accounts: free and locked of all accounts. fees: what trades have paid in fees.
    outside: what accounts without a ledger have gained from those with one; negative if they have lost.
    deposited: deposits less withdrawals.
    exact: whether accounts + fees + outside = deposited.
    """

    asset: str
    accounts: Decimal
    fees: Decimal
    outside: Decimal
    deposited: Decimal
    exact: bool


class AccountList(Struct, frozen=True):
    """The accounts that have a ledger, sorted, and the sums over all of them, as of `sequence`. `next` is the value of
    `after` for the following accounts; None at the end."""

    accounts: tuple[AccountBalances, ...]
    next: str | None
    sums: tuple[AssetSum, ...]
    sequence: int
    timestamp: Time
