"""A cluster on one machine: the log's servers, the matchers of one group and a gateway.

etcd: a server of the log as a process, and what it says of itself. `bound` ties it to its starter.
layout: addresses and directories of a cluster. It is noted in the data directory, for the next start.
supervisor: starts processes again that have ended.
pulses: what the nodes say of themselves.
"""
