"""A matcher that adds a byte to the file named by SYNCS with each sync of its journal."""

import os
import sys
from pathlib import Path
from unittest.mock import patch

from matcher.__main__ import main
from matcher.storage.journal import DiskFile

_sync = DiskFile.sync


def sync(file: DiskFile) -> None:
    _sync(file)
    with Path(os.environ["SYNCS"]).open("ab") as syncs:
        syncs.write(b".")


if __name__ == "__main__":
    with patch.object(DiskFile, "sync", sync):
        sys.exit(main())
