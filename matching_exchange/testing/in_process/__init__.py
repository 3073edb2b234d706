"""The whole exchange in one process, without sockets: the gateway's application on the matcher's own state.

Matcher and gateway do not know each other here either: `link` joins them.
"""
