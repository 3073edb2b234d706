"""The HTML report of a run: one file that loads nothing."""
