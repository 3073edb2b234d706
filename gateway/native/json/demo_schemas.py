"""The public JSON of a demo market."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gateway.native.json.field_types import MISSING, Decimal, ExactTime, ExpireTimeInput, OptionalNumber, SymbolText
from protocol.demo import AGENTS, RECORDING

SOURCES: Final = (AGENTS, RECORDING)

SourceWord = Annotated[str, Meta(extra_json_schema={"enum": list(SOURCES)})]


class DemoView(Struct, frozen=True):
    """A demo market that trades beside this exchange. Without one, `running` is false and all else is null or empty.

    * running: whether a demo answers
    * paused: it sends no orders; what it has in the books stays
    * connected: whether the matcher answers the demo
    * speed: a multiple of real time
    * source: agents, or a recording beside which agents trade too
    * symbols: the instruments that it trades, that of the recording first
    * time, begin, end: where the recording is, on its own clock; null without one
    """

    running: bool
    paused: bool | None = None
    connected: bool | None = None
    speed: Decimal | None = None
    source: SourceWord | None = None
    symbols: list[SymbolText] = []
    time: ExactTime | None = None
    begin: ExactTime | None = None
    end: ExactTime | None = None


class DemoRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of the demo market; what is missing stays.

    * speed: a multiple of real time, from 0.1 to 100, with at most two decimals
    * jump_to: a time of the recording, from its begin to its end
    """

    paused: bool | None = None
    speed: OptionalNumber = MISSING
    jump_to: ExpireTimeInput | None = None
