"""All that crosses the border between processes: messages, topics, sessions, and the instrument's decimals."""
