"""The public JSON of money: balances, movements, positions, and what moves them. See `schemas`.

Amounts are decimal strings of any size. Those that may be negative say so.
"""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from gateway.native.enum_words import MOVEMENT_KIND_WORDS
from gateway.native.json.field_types import (
    ZERO_OR_MORE,
    Decimal,
    ExactTime,
    Identifier,
    NameText,
    NumberInput,
    Sequence,
    SignedDecimal,
    SymbolText,
    Timestamp,
)
from gateway.native.json.schemas import Order
from protocol.units import CURRENCY_PATTERN, MAX_RESET_ASSETS

_ASSET: Final = {"pattern": f"^{CURRENCY_PATTERN.pattern}$", "examples": ["USDT"]}

ShardText = Annotated[str, Meta(extra_json_schema={"examples": ["majors"]})]

AssetText = Annotated[str, Meta(extra_json_schema=_ASSET)]
MovementWord = Annotated[str, Meta(extra_json_schema={"enum": list(MOVEMENT_KIND_WORDS.values())})]
BalancesInput = Annotated[
    dict[str, Raw],
    Meta(
        extra_json_schema={
            "propertyNames": {"pattern": _ASSET["pattern"]},
            "additionalProperties": ZERO_OR_MORE,
            "maxProperties": MAX_RESET_ASSETS,
            "examples": [{"USDT": "100000"}],
        }
    ),
]


class AmountRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """An amount of an asset, more than zero. It has at most the decimals of the asset. `transfer_id` makes a retry
    safe: the same values again under it change nothing. `shard` names the shard; the first one without it."""

    asset: AssetText
    amount: NumberInput
    transfer_id: NameText
    shard: ShardText | None = None


class TransferRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """As AmountRequest. To the account `to`, whose ledger begins with it if it has none; or from one shard to another,
    within the account: `from_shard` and `to_shard` stand in place of `to`."""

    asset: AssetText
    amount: NumberInput
    transfer_id: NameText
    to: NameText | None = None
    shard: ShardText | None = None
    from_shard: ShardText | None = None
    to_shard: ShardText | None = None


class ResetRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the account has after the reset: an amount, zero or more, for each asset. It has nothing of the others.
    `shard` names the shard; the first one without it."""

    balances: BalancesInput
    transfer_id: NameText
    shard: ShardText | None = None


class TransferView(Struct, frozen=True):
    """What was moved, and the account's balance of the asset now.

    * free: what new orders may use
    * locked: what the account's orders lock
    * duplicate: the same was done before under this transfer_id; this call changed nothing
    * sequence, timestamp: of the command that moved the money
    """

    account: NameText
    asset: AssetText
    amount: Decimal
    transfer_id: NameText
    free: Decimal
    locked: Decimal
    duplicate: bool
    sequence: Sequence
    timestamp: Timestamp


class BalanceView(Struct, frozen=True):
    """What an account has of an asset: what new orders may use, and what its orders lock."""

    asset: AssetText
    free: Decimal
    locked: Decimal


class ShardTransferView(Struct, frozen=True):
    """What was moved from one shard to another, and the account's balance of the asset in both, now.

    * duplicate: all of it was done before under this transfer_id; this call changed nothing
    """

    account: NameText
    asset: AssetText
    amount: Decimal
    transfer_id: NameText
    from_shard: ShardText
    to_shard: ShardText
    withdrawn: TransferView
    deposited: TransferView
    duplicate: bool


class LedgerView(Struct, frozen=True):
    """The account after a reset, or after its ledger was closed. `canceled` counts the orders that this canceled."""

    account: NameText
    ledger: bool
    balances: list[BalanceView]
    canceled: int
    duplicate: bool
    sequence: Sequence
    timestamp: Timestamp


class ShardBalancesView(Struct, frozen=True):
    """What the account has in one shard, as of that shard's `sequence`; as in BalancesView."""

    shard: ShardText
    ledger: bool
    sequence: Sequence
    timestamp: Timestamp
    balances: list[BalanceView]


class BalancesView(Struct, frozen=True):
    """Every asset of every instrument, sorted, as of `sequence`. Without a ledger the account is unlimited, and the
    list is empty.

    * shards: where there are several: what is in each. `balances` is the sum then, `ledger` tells whether any shard has
      one, `sequence` and `timestamp` are those of the first shard.
    """

    account: NameText
    ledger: bool
    sequence: Sequence
    timestamp: Timestamp
    balances: list[BalanceView]
    shards: list[ShardBalancesView] | UnsetType = UNSET


class TotalView(Struct, frozen=True):
    """What an account had of an asset, free and locked."""

    asset: AssetText
    total: Decimal


class BalancesAtView(Struct, frozen=True):
    """What the account had at the time `at`, of each asset that it had ever had, sorted."""

    account: NameText
    at: ExactTime
    balances: list[TotalView]


class FaucetView(Struct, frozen=True):
    """The account's balances, as in BalancesView. `duplicate` is true if it has had all of it before, this UTC day."""

    account: NameText
    ledger: bool
    sequence: Sequence
    timestamp: Timestamp
    balances: list[BalanceView]
    duplicate: bool


class PositionView(Struct, frozen=True):
    """What the fills since the ledger began have come to in one instrument. Deposits do not count.

    * quantity: bought less sold; negative if more was sold
    * average_price: cost / quantity, exact or 12 significant digits; null for a quantity of zero
    * cost: what the quantity has cost, with its sign
    * realised: the profit of what was closed, without fees
    * unrealised: quantity x last_price less cost
    * fees_paid: in the quote currency
    """

    symbol: SymbolText
    quantity: SignedDecimal
    average_price: Decimal | None
    cost: SignedDecimal
    realised: SignedDecimal
    unrealised: SignedDecimal
    fees_paid: Decimal
    last_price: Decimal


class AccountSummaryView(Struct, frozen=True):
    """The account as of `sequence`. `open_orders` holds its oldest open and pending orders, without their trades;
    `more_open_orders` is true if there are others."""

    account: NameText
    ledger: bool
    sequence: Sequence
    timestamp: Timestamp
    balances: list[BalanceView]
    open_orders: list[Order]
    more_open_orders: bool
    positions: list[PositionView]


class MovementView(Struct, frozen=True):
    """One change of a balance. `amount` is negative for what went away.

    * transfer_id: of a deposit, a withdrawal or a transfer, else null
    * counterparty: the other account of a transfer, else null
    * symbol, trade_id, order_id: of a fill or a fee, else null
    """

    sequence: Sequence
    timestamp: Timestamp
    kind: MovementWord
    asset: AssetText
    amount: SignedDecimal
    transfer_id: NameText | None
    counterparty: NameText | None
    symbol: SymbolText | None
    trade_id: Identifier | None
    order_id: Identifier | None


class MovementList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following movements; null if none is newer."""

    movements: list[MovementView]
    next: str | None


class AccountBalancesView(Struct, frozen=True):
    """One account, with the assets of which it has something."""

    account: NameText
    balances: list[BalanceView]
    open_orders: int


class AssetSumView(Struct, frozen=True):
    """What all ledgers have of an asset.

    * accounts: free and locked of all accounts
    * fees: what trades have paid in fees
    * outside: what accounts without a ledger have gained from those with one; negative if they have lost
    * deposited: deposits less withdrawals
    * exact: whether accounts + fees + outside = deposited
    """

    asset: AssetText
    accounts: SignedDecimal
    fees: SignedDecimal
    outside: SignedDecimal
    deposited: SignedDecimal
    exact: bool


class AccountListView(Struct, frozen=True):
    """The accounts that have a ledger, sorted, and the sums over all of them, as of `sequence`. `next` is the value of
    `after` for the following accounts; null at the end."""

    accounts: list[AccountBalancesView]
    next: str | None
    sums: list[AssetSumView]
    sequence: Sequence
    timestamp: Timestamp
