"""Replay: send a venue's recorded order flow to this exchange, and compare the results.

readers: turn the files of a format into one neutral stream of steps (`recording`).
driver: sends the steps as commands to an `exchange`, in process or over the real sockets.
comparison: sees the steps and the answers, and counts agreements.
"""
