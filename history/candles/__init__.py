"""Candles: intervals of the calendar, and what trades make of them. Integers only; no database."""
