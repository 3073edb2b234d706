"""HTTP and WebSocket at the edge: reads requests, sends commands and queries to the matcher, translates what it
says."""
