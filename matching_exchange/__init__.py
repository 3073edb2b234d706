"""Programs that run, load, test and replay the exchange, and what each of its processes needs."""
