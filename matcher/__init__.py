"""The single writer: owns all books, applies commands, publishes answers and market data."""
