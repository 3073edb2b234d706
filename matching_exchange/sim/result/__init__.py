"""What came out of a simulation: figures, tables, files, reports."""
