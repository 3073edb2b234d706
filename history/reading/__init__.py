"""The read path, for gateways and tools. Every function reads in one transaction."""
