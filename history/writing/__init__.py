"""From commands to rows, and from rows to transactions."""
