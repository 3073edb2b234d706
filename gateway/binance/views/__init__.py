"""What answers and events show: a function for each shape. None of them asks the matcher."""
