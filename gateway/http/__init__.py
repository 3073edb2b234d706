"""The frame of HTTP: connections, requests, answers, and who may call."""
