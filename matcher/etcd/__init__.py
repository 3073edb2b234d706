"""etcd as the matcher's log: an optional extra, `[cluster]`. Nothing outside this package knows etcd."""
