"""What the clients raise. Every error has a stable `code`; the contract and docs/client.md list them.

    try:
        client.place("BTC-USDT", "buy", quantity="0.1", price="60000.001")
    except ExchangeError as error:
        print(error.code, error.field)     # price_off_tick price

An order that the market forbids is no error: it is answered, with status `rejected` and a `reason`.
"""


class ExchangeError(Exception):
    """A call that was not carried out, or whose outcome is not known.

    code: a stable word, such as "price_off_tick".
    message: one sentence.
    field: the field at fault; None where none is.
    status: that of HTTP; None where the exchange has not answered.
    shards: where the exchange has several, and not all have answered: the result in each, such as "done".
    pending_shards: those that lack a change which the others have (code `shards_pending`).
    """

    shards: dict[str, str]
    pending_shards: tuple[str, ...]

    def __init__(self, code: str, message: str, field: str | None = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.field = field
        self.status = status
        self.shards = {}
        self.pending_shards = ()

    def __reduce__(self) -> "tuple[object, ...]":
        return _rebuilt, (type(self), self.args, self.__dict__)


class InvalidValue(ExchangeError, ValueError):  # noqa: N818
    """A value that the library refuses before anything is sent, such as a float."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__("invalid_value", message, field)


class Refused(ExchangeError):  # noqa: N818
    """The exchange has refused the call: nothing was changed. `code` and `field` tell why."""


class NotFound(Refused):
    """No such symbol, order, key or path (404)."""


class Conflict(Refused):
    """The state forbids it (409), such as an amend of an order that is done."""


class Unauthorized(Refused):
    """No good key, another account, or a missing permission (401, 403)."""


class RateLimited(ExchangeError):  # noqa: N818
    """Too much in a short time (429): nothing was done. `retry_after` is in seconds; None where it is not told."""

    def __init__(
        self,
        code: str,
        message: str,
        field: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message, field, status)
        self.retry_after = retry_after


class Unavailable(ExchangeError):  # noqa: N818
    """The exchange cannot do it now (503): the call was not taken, and never will be.

    Only `shards_pending` was taken: the shards of `pending_shards` lack the change until they are back.
    """


class Disconnected(Unavailable):
    """No connection, within the time that is allowed: nothing was sent, or it was a read."""


class OutcomeUnknown(ExchangeError):  # noqa: N818
    """The call was sent, and no answer came: it may have been executed or not.

    client_order_id: that of the order, by which it can be looked up; None where there is none.
    transfer_id: that of the movement of money; None where there is none.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        client_order_id: str | None = None,
        transfer_id: str | None = None,
    ) -> None:
        super().__init__("outcome_unknown", message, None, status)
        self.client_order_id = client_order_id
        self.transfer_id = transfer_id


def _rebuilt(kind: type[ExchangeError], arguments: tuple[object, ...], fields: dict[str, object]) -> ExchangeError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(fields)
    return error
