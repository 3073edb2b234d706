"""The rows of the table of `operations` that are about money."""

from typing import Final

from gateway.access.needs import ADMIN, TRADE, USER_DATA
from gateway.native.calls import money
from gateway.native.calls.money import MAX_ACCOUNTS, MAX_MOVEMENTS
from gateway.native.json import money_schemas
from gateway.native.operation import ACCOUNT_OF_PATH, Operation, Parameter, bounded, continued, time_parameter
from protocol.units import CURRENCY_PATTERN, NAME_PATTERN

_AMOUNT_EXAMPLE: Final = {"asset": "USDT", "amount": "100000", "transfer_id": "start-1"}

SHARD: Final = Parameter("shard", {"type": "string"}, "The shard; where there are several, else none is taken.")

MONEY_OPERATIONS: Final = (
    Operation(
        USER_DATA,
        "get",
        "/accounts/{account}",
        money.summary,
        "The balances, open orders and positions of an account",
        money_schemas.AccountSummaryView,
        (422,),
        (ACCOUNT_OF_PATH,),
    ),
    Operation(
        USER_DATA,
        "get",
        "/accounts/{account}/balances",
        money.balances,
        "The balances of an account, now or at a time that is past",
        money_schemas.BalancesView,
        (422,),
        (ACCOUNT_OF_PATH, time_parameter("at", "What it had of each asset at this time."), SHARD),
        other_answer=money_schemas.BalancesAtView,
    ),
    Operation(
        USER_DATA,
        "get",
        "/accounts/{account}/ledger",
        money.movements,
        "The movements of an account's money",
        money_schemas.MovementList,
        (422,),
        (
            ACCOUNT_OF_PATH,
            Parameter(
                "asset", {"type": "string", "pattern": f"^{CURRENCY_PATTERN.pattern}$"}, "Only movements of this asset."
            ),
            bounded(
                "limit",
                1,
                MAX_MOVEMENTS,
                100,
                "Movements in the answer; the newest without `after`. Those of one "
                "trade stay together: there may be a few more.",
            ),
            continued("The `next` of the answer that this one continues."),
        ),
        csv=True,
    ),
    Operation(
        TRADE,
        "post",
        "/accounts/{account}/faucet",
        money.faucet,
        "Get what the faucet gives each UTC day",
        money_schemas.FaucetView,
        (403, 409, 422, 504),
        (ACCOUNT_OF_PATH, SHARD),
    ),
    Operation(
        ADMIN,
        "get",
        "/admin/accounts",
        money.list_accounts,
        "The accounts that have a ledger, and the sums of all assets",
        money_schemas.AccountListView,
        (422,),
        (
            bounded("limit", 1, MAX_ACCOUNTS, 100, "Accounts in the answer at most."),
            Parameter(
                "after",
                {"type": "string", "pattern": f"^{NAME_PATTERN.pattern}$"},
                "The `next` of the answer that this one continues.",
            ),
        ),
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/deposit",
        money.deposit,
        "Put money on an account; the first deposit begins its ledger",
        money_schemas.TransferView,
        (403, 409, 413, 422, 504),
        (ACCOUNT_OF_PATH,),
        body=money_schemas.AmountRequest,
        example=_AMOUNT_EXAMPLE,
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/withdraw",
        money.withdraw,
        "Take free money off an account",
        money_schemas.TransferView,
        (403, 409, 413, 422, 504),
        (ACCOUNT_OF_PATH,),
        body=money_schemas.AmountRequest,
        example={**_AMOUNT_EXAMPLE, "amount": "2500.5", "transfer_id": "out-1"},
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/transfer",
        money.transfer,
        "Move free money to another account, or from one shard to another",
        money_schemas.TransferView,
        (403, 409, 413, 422, 504),
        (ACCOUNT_OF_PATH,),
        body=money_schemas.TransferRequest,
        example={"to": "bob", **_AMOUNT_EXAMPLE, "transfer_id": "to-bob-1"},
        other_answer=money_schemas.ShardTransferView,
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/reset",
        money.reset,
        "Cancel all orders of an account and give it these balances",
        money_schemas.LedgerView,
        (403, 409, 413, 422, 504),
        (ACCOUNT_OF_PATH,),
        body=money_schemas.ResetRequest,
        example={"balances": {"USDT": "100000"}, "transfer_id": "lesson-1"},
    ),
    Operation(
        ADMIN,
        "post",
        "/admin/accounts/{account}/close-ledger",
        money.close_ledger,
        "Withdraw all that an account has, and make it unlimited again",
        money_schemas.LedgerView,
        (403, 409, 422, 504),
        (ACCOUNT_OF_PATH, SHARD),
    ),
)
