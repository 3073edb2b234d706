"""Tables of rows with exact prices and quantities, for exports and results."""
