"""Exchanges for tests, as authors of bots use them."""
