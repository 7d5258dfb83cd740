"""The mock behind a proxy: for clients in any language that have the hosts of an API built in."""

from mockserver.testing.proxy.proxy import Proxy

__all__ = ["Proxy"]
