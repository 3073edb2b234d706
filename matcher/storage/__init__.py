"""The data directory: the log, snapshots, recovery, crash notes, saved books."""
