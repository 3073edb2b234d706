"""Faults that somebody has asked for, to see what a client makes of them: what strikes which call. It knows no HTTP."""
