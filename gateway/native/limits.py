"""The numbers in the text of a refusal: the instrument's current limits, which the code alone does not tell."""

from msgspec import Raw

from gateway.link.errors import MatcherUnavailableError, RefusedError
from gateway.link.instruments import Instruments
from gateway.native.json.decimals import QUANTITY, optional_number
from gateway.native.problems import ProblemError, known_problem
from protocol.instrument import Instrument, format_decimal
from protocol.refusals import LIMIT_NAMES, limits_of


class Limits:
    """For one call: it asks for each instrument at most once."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._known: dict[str, Instrument] = {}

    async def tell(
        self, error: ProblemError | RefusedError, instrument: Instrument, quantity: Raw | None = None
    ) -> ProblemError:
        """The problem that tells the error, with the numbers of the limits that its text names.

        `quantity` is the order's, as the client sent it.
        """
        problem = known_problem(error)
        if not problem.names_limit:
            return problem
        current = self._known.get(instrument.symbol)
        if current is None:
            current = self._known[instrument.symbol] = await self._ask(instrument)
        limits = limits_of(current)
        if quantity is not None and problem.code == "display_quantity_too_large":
            # The quantity is read before the display_quantity: it is a good one, or missing.
            sent = optional_number(quantity, QUANTITY, instrument.quantity_decimals)
            if sent is not None:
                limits["quantity"] = format_decimal(sent, instrument.quantity_decimals)
        return problem.with_limits(
            {name: f"{limits[name]}, {words}" if name in limits else words for name, words in LIMIT_NAMES.items()}
        )

    async def _ask(self, instrument: Instrument) -> Instrument:
        try:
            return await self._instruments.current(instrument.symbol)
        except MatcherUnavailableError:
            # The limits known when the order was read are better than none.
            return instrument
