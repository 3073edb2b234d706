"""What crosses the borders between processes: messages, topics, sessions, and the instrument's decimals."""
