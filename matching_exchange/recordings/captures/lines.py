"""The lines of a capture."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.recordings.timeline import Timeline
from protocol.instrument import parse_decimal

MESSAGE: Final = re.compile(r"(\d{1,10}(?:\.\d{1,9})?): (.*)", re.ASCII | re.DOTALL)
ANSWER: Final = re.compile(r"(\S+) -> (\d{1,10}(?:\.\d{1,9})?): (.*)", re.ASCII | re.DOTALL)
OTHER: Final = re.compile(r"\S+ (<-|<->|->) \d{1,10}(\.\d{1,9})?(: .*)?", re.ASCII | re.DOTALL)

SECOND_DECIMALS: Final = 9


class Line(NamedTuple):
    """A message: `time` in nanoseconds since 1970, `content` as JSON has it. `address` is that of an HTTP answer."""

    path: Path
    number: int
    time: int
    content: Any
    address: str = ""

    def error(self, detail: str) -> RecordingError:
        return RecordingError(self.path, detail, self.number)


def read_messages(path: Path, words: tuple[str, ...]) -> Iterator[Line]:
    """The messages that have one of the words. Raises RecordingError that names the line."""
    file = RecordingFile(path)
    timeline = Timeline(path)
    for number, text in file.lines():
        match = MESSAGE.fullmatch(text)
        if match is None:
            if OTHER.fullmatch(text):
                continue
            raise RecordingError(path, "takes <receive time in s>: <JSON>", number)
        time = parse_decimal(match[1], SECOND_DECIMALS)
        timeline.check(time, number)
        if any(word in match[2] for word in words):
            yield Line(path, number, time, _decoded(path, number, match[2]))


def read_answers(path: Path, word: str) -> Iterator[Line]:
    """The answers from addresses whose query has the word."""
    for number, text in RecordingFile(path).lines():
        match = ANSWER.fullmatch(text)
        if match is None:
            raise RecordingError(path, "takes <address> -> <receive time in s>: <JSON>", number)
        if word in match[1].partition("?")[2].split("&"):
            time = parse_decimal(match[2], SECOND_DECIMALS)
            yield Line(path, number, time, _decoded(path, number, match[3]), match[1])


def _decoded(path: Path, number: int, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(path, f"broken JSON: {error}", number) from error
