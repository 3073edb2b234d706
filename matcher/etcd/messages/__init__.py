"""The messages of etcd's interface that are needed here. README.md says where they are from, and how to renew them."""
