"""The use cases of whole accounts where the symbols are shared out among several matchers."""
