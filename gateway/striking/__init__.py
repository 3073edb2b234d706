"""Carries out the faults that were asked for, around the application. It is there only where the operator allows it."""
