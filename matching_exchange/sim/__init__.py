"""The exchange as a laboratory: simulation in process, over the very engine."""
