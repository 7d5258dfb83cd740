"""HTTP/1.1 on sockets of this machine: what `intercept` and the proxy have in common."""
