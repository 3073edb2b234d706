"""What a matcher carries out itself before it serves."""

from msgspec.structs import replace

from matcher.config import Config
from matcher.core.limits import standing_limits
from matcher.instrument_list import missing_instruments
from matcher.state import State
from protocol.commands import OwnCommand, SetInstrument, SetShard
from protocol.shards import shard_of_order
from protocol.units import InstrumentStatus


class WrongDirectoryError(Exception):
    """The state is that of another shard. The message says which."""


def first_commands(config: Config, state: State, listed: list[SetInstrument]) -> list[OwnCommand]:
    """The commands that bring the state to what the settings say: the number of the shard, instruments of the list,
    limits. None where it is there already.

    WrongDirectoryError where the state is that of another shard. InstrumentListError where the list does not fit it.
    """
    commands: list[OwnCommand] = []
    own = config.own
    if own is not None:
        listed = [instrument for instrument in listed if own.owns(instrument.symbol)]
        if own.number and not state.sequence:
            commands.append(SetShard(own.number))
        else:
            check_shard(config, state)
    missing = missing_instruments(state.registry, listed)
    if own is not None and state.sequence:
        # The map may have just given them to this shard: their books are still to be loaded.
        missing = [replace(instrument, status=InstrumentStatus.HALTED) for instrument in missing]
    commands += missing
    limits = standing_limits(config.max_accounts)
    if state.registry.limits != limits:
        commands.append(limits)
    return commands


def check_shard(config: Config, state: State) -> None:
    """WrongDirectoryError where the state is that of another shard than the settings name."""
    if config.own is None:
        return
    found = shard_of_order(state.registry.last_order_id)
    if found != config.own.number:
        raise WrongDirectoryError(
            f"{config.data_dir}: holds the shard of number {found}: MATCHER_SHARD names that of number "
            f"{config.own.number}"
        )
