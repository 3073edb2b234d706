"""What processes count, and how Prometheus reads it. Each process gathers in a module of its own."""
