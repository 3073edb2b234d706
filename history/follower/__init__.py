"""The process: it follows the log, and hands what happened to `writing`."""
