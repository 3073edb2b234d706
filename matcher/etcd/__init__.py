"""etcd as the matcher's log: an optional extra, `[cluster]`. Nothing outside this package knows etcd."""

import os

# With its default, children of a fork end badly. It is read when the library is loaded.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
