"""`Proxy`: what `mockserver run --proxy` starts, and what of it a client must know."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType

from mockserver.messages import Request, Response
from mockserver.testing.loopback.hosts import host_of, is_loopback
from mockserver.testing.loopback.serving import Listener
from mockserver.testing.proxy.connection import Client, Service
from mockserver.testing.proxy.environment import environment_of
from mockserver.testing.proxy.tally import Tally
from mockserver.testing.proxy.wording import remarks

_MOST_BODY = 64 * 1024 * 1024
_GRACE = 0.5  # seconds in which what clients did before they ended is seen and counted


class Proxy:
    """An HTTP proxy on a free port of 127.0.0.1 for whoever is given its `environment`. Ready when constructed.

    Requests for one of `hosts` are answered by `handle`, which is called by many threads at once; by https, too, with
    certificates of an authority that only this process has. Other hosts are refused, except this machine, or with
    `passthrough` called for real. `folder` is the caller's, and is to outlive the clients: certificates (and no key)
    are written there. `inherited` is the environment that clients would have otherwise, that of this process when it
    is left out.
    """

    def __init__(
        self,
        handle: Callable[[Request], Response],
        hosts: Collection[str],
        *,
        passthrough: bool = False,
        folder: Path,
        inherited: Mapping[str, str] | None = None,
        most_body: int = _MOST_BODY,
    ) -> None:
        known = frozenset(host_of(host) for host in hosts)
        self.hosts = frozenset(host for host in known if not is_loopback(host))
        self._folder, self._inherited = folder, dict(os.environ if inherited is None else inherited)
        self._tally = Tally()
        service = Service(handle, self.hosts, passthrough, most_body, self._tally, lambda: self._listener.port)

        def connection(raw: socket.socket) -> Client:
            return Client(raw, service)

        self._listener = Listener("mockserver-proxy", connection)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._listener.port}"

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a client's environment must have so that it calls the proxy and trusts it: to be laid over the rest.
        Raises UsageError when the folder cannot be written."""
        return environment_of(self.url, self.hosts, self._folder, self._inherited)

    @property
    def asked(self) -> Counter[str]:
        """How many requests were answered for each host."""
        return self._tally.asked

    @property
    def refused(self) -> Counter[str]:
        """How often each host was asked for that nobody answers for."""
        return self._tally.refused

    @property
    def untrusted(self) -> Counter[str]:
        """How often a client did not accept the certificate of each host."""
        return self._tally.untrusted

    @property
    def remarks(self) -> list[str]:
        """What went wrong so far between the client and the proxy, one sentence each, with what to do. For half a
        second at most it waits for what clients did just before they ended."""
        self._listener.settle(_GRACE)
        return list(remarks(self.asked, self.refused, self.untrusted, self.hosts))

    def stop(self) -> None:
        """End all connections and threads, and give the port back; within half a second, tunnels or not. A second time
        does nothing."""
        self._listener.settle(_GRACE)
        self._listener.stop()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
