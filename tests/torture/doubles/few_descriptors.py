"""A matcher that may have 256 file descriptors open."""

import resource
import sys

from matcher.__main__ import main

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    sys.exit(main())
