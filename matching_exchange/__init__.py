"""What is the exchange's own beside its processes: the programs that run, load, test and replay it, and what each
process needs."""
