"""Wires a matcher of a replicated log: its directory, the log, the sockets, the state."""

import structlog

from matcher import CORE
from matcher.config import PROGRAM, Config
from matcher.etcd.opening import open_log
from matcher.first_commands import WrongDirectoryError, check_shard, first_commands
from matcher.instrument_list import InstrumentListError
from matcher.node.process import EXIT_FAILED, Node
from matcher.node.start import StartError
from matcher.node_config import NodeConfig
from matcher.reachable import warn_of_others
from matcher.serving.connections import DescriptorsError, descriptor_bounds
from matcher.serving.endpoints import EndpointError, check_endpoints
from matcher.state import State
from matcher.storage.data_directory import DataDirectory, DirectoryError
from matcher.storage.file_check import check_files
from matcher.storage.log import LogFailedError, ReplicatedLog
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.files import what_failed
from protocol.commands import OwnCommand, SetInstrument

log = structlog.get_logger("matcher")


def run_node(config: Config, node: NodeConfig, listed: list[SetInstrument]) -> int:
    """Run until a signal, or until it cannot go on. Returns the exit status. `listed` are the instruments to begin
    with."""

    def own(state: State) -> list[OwnCommand]:
        try:
            return first_commands(config, state, listed)
        except InstrumentListError as error:
            log.warning("instruments of the list are not taken", error=str(error))
            return first_commands(config, state, [])

    running: Node | None = None
    try:
        with DataDirectory(config.data_dir) as directory:
            descriptor_bounds()
            check_files(directory)
            check_endpoints(config)
            shared: ReplicatedLog = open_log(node.log, node.credentials)
            running = Node(config, node, directory, shared, own)
            running.bind()
            standing = running.find()
            if standing.state.sequence:
                check_shard(config, standing.state)
            log.info(
                "matcher started",
                log=str(node.log),
                node=node.node,
                position=standing.position,
                sequence=standing.state.sequence,
                core=CORE.kind,
            )
            warn_of_others(config, directory)
            status = running.run(standing)
            running.close()
            return status
    except (DescriptorsError, DirectoryError, EndpointError, LogFailedError, StartError, WrongDirectoryError) as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        end_with_line(PROGRAM, what_failed(error), EXIT_FAILED)
