"""The frame of HTTP: connections, requests, answers, and which callers are served."""
