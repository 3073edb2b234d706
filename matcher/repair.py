"""`python -m matcher.repair`: shows what is wrong with a damaged journal and what cutting it there would lose; with --cut, cuts.

Never run by itself: what is cut off was answered, and is lost. Gateways that have heard more notice it and say so.
"""

import argparse
import os
import sys
from pathlib import Path

from matcher.data_directory import DataDirectory, DirectoryError
from matcher.journal import SUFFIX, JournalError, count_records
from matcher.recovery import recover
from process.files import sync_directory, sync_path
from process.logs import configure_logs


def main() -> int:
    """The exit status: 0 where the journal is sound, or was cut; 1 where it is damaged, or cannot be repaired so."""
    parser = argparse.ArgumentParser(prog="python -m matcher.repair", description=__doc__)
    parser.add_argument("--data-dir", default=os.environ.get("MATCHER_DATA_DIR", "./data"), help="the data directory (default: ./data)")
    parser.add_argument("--cut", action="store_true", help="cut the journal off where the damage begins")
    arguments = parser.parse_args()
    configure_logs()
    try:
        with DataDirectory(Path(arguments.data_dir)) as directory:
            try:
                _, state = recover(directory)
            except JournalError as error:
                print(error)
                if error.damage is None:
                    print("This cannot be mended by cutting: restore the directory from a copy.")
                    return 1
                return _cut(*error.damage, really=arguments.cut)
    except DirectoryError as error:
        print(f"matcher.repair: {error}", file=sys.stderr)
        return 1
    print(f"The journal is sound up to sequence {state.sequence}.")
    return 0


def _cut(path: Path, offset: int, really: bool) -> int:
    """Tell what is behind the damage and, if `really`, cut it off."""
    later = sorted(other for other in path.parent.glob(f"*{SUFFIX}") if other.name > path.name)
    lost = count_records(path, offset + 1) + sum(count_records(other, 0) for other in later)
    size = path.stat().st_size - offset
    print(f"Behind it stand {lost} sound records: {size} bytes of {path.name}" + "".join(f", all of {other.name}" for other in later))
    if not really:
        print("They were answered, and would be lost. `--cut` cuts the journal off there.")
        return 1
    for other in reversed(later):
        other.unlink()
    if offset:
        os.truncate(path, offset)
        sync_path(path)
    else:
        path.unlink()
    sync_directory(path.parent)
    print("Cut.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
