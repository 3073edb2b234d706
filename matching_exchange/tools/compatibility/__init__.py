"""Runs stock clients against an exchange of its own, and prints what passed."""
