"""Scripted sessions, one program a client. Each needs the client and the standard library, and runs in an environment
of its own."""
