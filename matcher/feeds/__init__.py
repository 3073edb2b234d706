"""What readers may see of a book, and how each command changes it."""
