"""Readers of recorded markets: each makes a `Source` of files. They know no simulator and no running exchange."""

from matching_exchange.recordings.captures.binance import read_binance
from matching_exchange.recordings.captures.coinbase import read_coinbase
from matching_exchange.recordings.captures.kraken import read_kraken
from matching_exchange.recordings.itch import read_itch
from matching_exchange.recordings.mapping import Action, Mapping, read_csv
from matching_exchange.recordings.own_export import read_export
from matching_exchange.recordings.own_journal import read_journal
from matching_exchange.recordings.readers.bitstamp import read_bitstamp
from matching_exchange.recordings.readers.lobster import read_lobster
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.recordings.source import Source, surveyed

__all__ = [
    "Action",
    "Mapping",
    "RecordingError",
    "Source",
    "read_binance",
    "read_bitstamp",
    "read_coinbase",
    "read_csv",
    "read_export",
    "read_itch",
    "read_journal",
    "read_kraken",
    "read_lobster",
    "surveyed",
]
